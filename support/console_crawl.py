"""Finds the pages of the console by following links, for tests and benchmarks."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

from control_plane.pages.app import page_routes

NO_PAGES: Final = {
    *("login", "start", "provider_login", "provider_callback"),
    *("audit_csv", "analytics_export", "requests_export"),
}
"""Names of routes that no link leads to, or that are no page to look at."""

_ALIKE: Final = 15
"""Pages of one kind whose links are followed. Not every contract can be revoked, for example."""


def page_name(path: str) -> str | None:
    """The name of the page with this path."""
    for route in page_routes():
        if "GET" in (route.methods or ()) and route.path_regex.fullmatch(path):
            return route.name
    return None


def links(html: str) -> list[str]:
    """The paths that a page links to or asks for again and again.

    Without queries, but for the one that says which event a page is about.
    """
    return sorted(set(re.findall(r'(?:<a[^>]* href|hx-get)="(/[^"?#]*(?:\?event=[^"&#]*)?)', html)))


async def crawl(fetch: Callable[[str], Awaitable[str]], start: str) -> dict[str, str]:
    """One path to each kind of page that can be reached; `fetch` gives the text of a page."""
    found: dict[str, list[str]] = {}
    waiting = [start]
    while waiting:
        for path in links(await fetch(waiting.pop())):
            name = page_name(path.partition("?")[0])
            if name is None or name in NO_PAGES:
                continue
            alike = found.setdefault(name, [])
            if path not in alike and len(alike) < _ALIKE:
                alike.append(path)
                waiting.append(path)
    return {name: alike[0] for name, alike in found.items()}
