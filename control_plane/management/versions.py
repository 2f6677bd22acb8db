"""Optimistic locking: two people who edit the same thing learn of each other.

A page shows the version of what it edits in a hidden field. The form sends it back, and the use
case's caller requires in the write transaction that nothing changed in between:

    versions.require(form.text("version"), tier)

A version is a digest of the values, so no table needs a column for it.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import inspect

from control_plane.errors import Stale
from control_plane.store.tables import Base

_CHANGED: Final = "somebody else has changed this since you opened it; look at the change first"

Counts: TypeAlias = tuple[int, ...]
"""Numbers of things that belong to a row, such as those that are deleted with it."""


def version_of(*parts: Base | Counts, without: Sequence[str] = ()) -> str:
    """The version of these rows and numbers as they are now, in this order.

    `without` names columns whose changes do not matter.
    """
    values = [_values(part, without) if isinstance(part, Base) else part for part in parts]
    return hashlib.sha256(repr(values).encode()).hexdigest()[:32]


def require(
    shown: str, *parts: Base | Counts, without: Sequence[str] = (), why: str = _CHANGED
) -> None:
    """Raise Stale, which says why, unless all is as it was when this version was shown."""
    if shown != version_of(*parts, without=without):
        raise Stale(why)


def _values(row: Base, without: Sequence[str]) -> list[tuple[str, Any]]:
    return [(name, getattr(row, name)) for name in _columns(type(row)) if name not in without]


def _columns(table: type[Any]) -> list[str]:
    return [attribute.key for attribute in inspect(table).column_attrs]
