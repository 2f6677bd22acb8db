"""Optimistic locking: two people who edit the same thing learn of each other.

A page shows the version of what it edits in a hidden field. The form sends it back, and the use
case's caller requires in the write transaction that nothing changed in between:

    versions.require(form.text("version"), tier)

A version is a digest of the values, so no table needs a column for it.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import inspect

from control_plane.errors import Stale
from control_plane.store.tables import Base


def version_of(*rows: Base, without: Sequence[str] = ()) -> str:
    """The version of these rows as they are now, in this order.

    `without` names columns whose changes do not matter.
    """
    values = [
        [(name, getattr(row, name)) for name in _columns(type(row)) if name not in without]
        for row in rows
    ]
    return hashlib.sha256(repr(values).encode()).hexdigest()[:32]


def require(shown: str, *rows: Base, without: Sequence[str] = ()) -> None:
    """Raise Stale unless the rows are as they were when this version was shown."""
    if shown != version_of(*rows, without=without):
        raise Stale("somebody else has changed this since you opened it; look at the change first")


def _columns(table: type[Any]) -> list[str]:
    return [attribute.key for attribute in inspect(table).column_attrs]
