"""Services that Envoy asks about and that no API is bound to."""

from collections.abc import Mapping
from typing import Final

from adapter.runtime.shares import Shares

_LONGEST: Final = 255
"""Characters of an authority or a route that are kept."""


class DiscoveredServices:
    """Counts requests without an API by what they asked for; bounded, and counts the rest.

    Each of Envoy's routes has a share of the entries (`Shares`), because clients choose the
    authority: names that someone invents at one route leave room for the services of the others.
    """

    def __init__(self, capacity: int = 1000) -> None:
        self._shares = Shares(capacity)
        self._counts: dict[tuple[str, str], int] = {}
        self.left_out = 0

    def add(self, authority: str, route: str) -> None:
        """Count one request to that authority through that route of Envoy's (may be empty)."""
        key = (authority[:_LONGEST], route[:_LONGEST])
        if key in self._counts:
            self._counts[key] += 1
        elif self._shares.take(key[1]):
            self._counts[key] = 1
        else:
            self.left_out += 1

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """Requests by (authority, route)."""
        return dict(self._counts)
