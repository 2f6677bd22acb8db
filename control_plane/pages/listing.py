"""Lists with search, order and paging. All of it is in the URL, so that a list can be linked to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Request
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from control_plane.errors import Invalid
from control_plane.pages.parameters import parameters
from control_plane.store.search import contain

Row = TypeVar("Row")

PAGE_SIZE: Final = 50
_MAX_TEXT: Final = 256


@dataclass(frozen=True, slots=True)
class Listing:
    """Which part of a list is asked for, by the parameters `q`, `sort` and `page`.

    A `sort` that begins with a minus is descending. Other parameters are filters of the page.
    """

    path: str
    query: Mapping[str, str]

    @property
    def text(self) -> str:
        """The text that is searched for."""
        return self.query.get("q", "").strip()[:_MAX_TEXT]

    @property
    def sort(self) -> str:
        """The column that the list is ordered by, and the direction."""
        return self.query.get("sort", "")

    @property
    def number(self) -> int:
        """The number of the page, from 1 on."""
        given = self.query.get("page", "1")
        number = int(given[:7]) if given.isascii() and given.isdigit() else 1
        return min(max(number, 1), 10**6)

    def filter(self, name: str, allowed: Sequence[str]) -> str:
        """The value of a filter, or empty; raise Invalid if it is none of those allowed."""
        given = self.query.get(name, "")
        if given and given not in allowed:
            raise Invalid(
                f"{name}: {given[:50]!r} is not one of {', '.join(filter(None, allowed))}"
            )
        return given

    def url(self, **changes: str | int | None) -> str:
        """The list with other parameters; None takes one away. Another order begins at page 1."""
        changed: dict[str, Any] = {"page": None} | changes
        kept = {name: value for name, value in self.query.items() if name not in changed}
        given = {name: value for name, value in changed.items() if value not in (None, "")}
        query = urlencode(kept | given)
        return f"{self.path}?{query}" if query else self.path

    def sort_url(self, column: str) -> str:
        """The list ordered by the column; the other way round if it is so already."""
        return self.url(sort=f"-{column}" if self.sort == column else column)

    def rows(
        self,
        session: Session,
        found: Select[Row],
        sortable: Mapping[str, Any],
        searchable: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]] = (),
    ) -> "Part[Row]":
        """The rows of this page; the first of `sortable` is the default order.

        `searchable` are the columns that are searched for the text, in any case of letters.
        """
        found = self._containing_text(found, searchable)
        total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
        ordered = found.order_by(self._order(sortable)).offset((self.number - 1) * PAGE_SIZE)
        rows = session.scalars(ordered.limit(PAGE_SIZE)).unique().all()
        return Part(self, rows, total)

    def rows_by(
        self,
        session: Session,
        found: Select[Row],
        key: InstrumentedAttribute[Any],
        rank: Callable[[Any], float],
        searchable: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]] = (),
    ) -> "Part[Row]":
        """The rows of this page, ordered by numbers that are not in their database.

        `key` is the column with the ids of the rows, and `rank` gives the number of each.
        """
        found = self._containing_text(found, searchable)
        keys = sorted(session.scalars(found.with_only_columns(key)))
        keys.sort(key=rank, reverse=self.sort.startswith("-"))
        first = (self.number - 1) * PAGE_SIZE
        shown = keys[first : first + PAGE_SIZE]
        rows = {
            getattr(row, key.key): row
            for row in session.scalars(found.where(key.in_(shown))).unique()
        }
        return Part(self, [rows[each] for each in shown], len(keys))

    def _containing_text(
        self,
        found: Select[Row],
        searchable: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    ) -> Select[Row]:
        if not (self.text and searchable):
            return found
        return found.where(contain(self.text, *searchable))

    def _order(self, sortable: Mapping[str, Any]) -> Any:
        column = sortable.get(self.sort.removeprefix("-"))
        if column is None:
            return next(iter(sortable.values()))
        return column.desc() if self.sort.startswith("-") else column


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """The rows of one page of a list."""

    listing: Listing
    rows: Sequence[Row]
    total: int
    """The number of rows on all pages."""

    @property
    def first(self) -> int:
        """The number of the first row here, from 1 on."""
        return (self.listing.number - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        """The number of the last row here."""
        return self.first + len(self.rows) - 1

    @property
    def previous_url(self) -> str | None:
        """The page before this one."""
        number = self.listing.number
        return self.listing.url(page=number - 1) if number > 1 else None

    @property
    def next_url(self) -> str | None:
        """The page after this one."""
        return self.listing.url(page=self.listing.number + 1) if self.last < self.total else None


def _listing(request: Request) -> Listing:
    return Listing(request.url.path, parameters(request))


InListing = Annotated[Listing, Depends(_listing)]
