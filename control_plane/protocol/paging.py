"""The official paging and sorting parameters of lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from control_plane.errors import Invalid
from control_plane.protocol.bodies import Filter
from control_plane.store.search import contain

Row = TypeVar("Row")

MAX_LONG_PAGE: Final = 5_000
"""Rows at most of a list whose `limit` has no maximum in the official document."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a list are asked for."""

    offset: int
    limit: int
    sort: str | None
    ascending: bool
    query: str | None

    def rows(
        self,
        session: Session,
        matching: Select[Row],
        sortable: Mapping[str, InstrumentedAttribute[Any] | ColumnElement[Any]],
    ) -> tuple[int, Sequence[Row]]:
        """How many rows match, and those of this page; the first of `sortable` is the default."""
        name = self.sort or next(iter(sortable))
        if name not in sortable:
            raise Invalid(f"sort: {name!r} is none of {', '.join(sortable)}")
        column = sortable[name]
        ordered = matching.order_by(
            column.asc() if self.ascending else column.desc(), sortable["id"].asc()
        )
        total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
        return total, session.scalars(ordered.offset(self.offset).limit(self.limit)).all()

    def matching(self, rows: Select[Row], column: InstrumentedAttribute[Any]) -> Select[Row]:
        """Those of the rows whose column contains the `query`, if there is one."""
        return rows.where(contain(self.query, column)) if self.query else rows


def _page(
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=0, le=250)] = 100,
    sort: Filter = None,
    ascending: bool = True,
    query: Filter = None,
) -> Page:
    return Page(offset, limit, sort, ascending, query)


InPage = Annotated[Page, Depends(_page)]


def _long_page(
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=0, le=2**31 - 1)] = 100,
    sort: Filter = None,
    ascending: bool = True,
    query: Filter = None,
) -> Page:
    return Page(offset, min(limit, MAX_LONG_PAGE), sort, ascending, query)


InLongPage = Annotated[Page, Depends(_long_page)]
