"""The official paging and sorting parameters of lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query
from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from control_plane.errors import Invalid
from control_plane.protocol.bodies import Filter

Row = TypeVar("Row")


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
        sortable: dict[str, InstrumentedAttribute[Any]],
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
        # Without wildcards, and in any case of letters.
        return rows.where(column.icontains(self.query, autoescape=True)) if self.query else rows


def _page(
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=0, le=250)] = 100,
    sort: Filter = None,
    ascending: bool = True,
    query: Filter = None,
) -> Page:
    return Page(offset, limit, sort, ascending, query)


InPage = Annotated[Page, Depends(_page)]
