"""Finds what a form has made already, so that a form that is sent twice makes one thing.

A form that creates something has the id of the newest row in a hidden field. What is newer than
that, and has the same values, was made by the same form: by a double click, by loading the answer
again, or by a browser that sent it once more. This needs no memory, and it works when several
control planes share a database.
"""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from control_plane.store.tables import Base

Row = TypeVar("Row", bound=Base)

_COMPARED: Final = 100
"""So many of the newest rows are compared."""
_MAX_DIGITS: Final = 18


def newest(session: Session, table: type[Base]) -> int:
    """The id of the newest row, for the form; 0 if there is none."""
    return session.scalar(select(func.max(table.__table__.c.id))) or 0


def twin(session: Session, table: type[Row], after: str, values: Mapping[str, Any]) -> Row | None:
    """The row with these values that is newer than `after`, which is what the form has sent.

    The keys of `values` are attributes, such as `asset.group_id`. A form without the field has
    no twin.
    """
    if not after.isdecimal() or len(after) > _MAX_DIGITS:
        return None
    column = table.__table__.c.id
    query = select(table).where(column > int(after)).order_by(column.desc()).limit(_COMPARED)
    return next((row for row in session.scalars(query) if _has(row, values)), None)


def _has(row: Base, values: Mapping[str, Any]) -> bool:
    return all(attrgetter(name)(row) == value for name, value in values.items())
