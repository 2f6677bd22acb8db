"""Searching for a text inside columns, the same on both kinds of databases."""

from typing import Any

from sqlalchemy import ColumnElement, false, or_


def contain(text: str, *columns: Any) -> ColumnElement[bool]:
    """Whether one of the columns contains the text, in any case of letters, without wildcards.

    No stored text contains NUL. SQLite would compare only what is before it, which is in every
    text, and PostgreSQL would refuse the query.
    """
    if "\0" in text:
        return false()
    return or_(*(column.icontains(text, autoescape=True) for column in columns))
