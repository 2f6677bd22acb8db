"""Lists that the platform gives out page by page."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from adapter.errors import DocumentError
from adapter.platform_client.protocol.documents import AnyList

_PAGE_SIZE: Final = 100


class Page(NamedTuple):
    """A part of a list."""

    rows: list[Any]
    total: int | None
    """How many entries the whole list has, if the platform says it."""


def page_of(document: AnyList) -> Page:
    """The entries of a document; one without a wrapper is a whole list."""
    if isinstance(document, list):
        return Page(document, len(document))
    return Page(document.rows, document.total)


async def whole_list(
    what: str,
    page: Callable[[dict[str, str]], Awaitable[AnyList]],
    max_pages: int,
    weight: Callable[[Any], int] = lambda _row: 1,
) -> list[Any]:
    """Request pages until `total` entries are there; a list that ends early is a DocumentError.

    `page` gets the query of one page. Without a `total`, a page that is shorter or longer than
    requested is the last one. `weight` is what an entry counts towards the `total` at the end.
    """
    rows: list[Any] = []
    for _ in range(max_pages):
        found, total = page_of(await page({"limit": str(_PAGE_SIZE), "offset": str(len(rows))}))
        rows += found
        if len(rows) >= total if total is not None else len(found) != _PAGE_SIZE:
            return rows
        if not found:
            if total is None or sum(map(weight, rows)) >= total:
                return rows
            raise DocumentError(f"{what} ended after {len(rows)} of {total} entries")
    raise DocumentError(f"{what} has more than {max_pages} pages")
