"""Services that Envoy asks about, but that belong to no API."""

from collections.abc import Mapping
from typing import Final

from adapter.runtime.shares import Shares

_LONGEST: Final = 255
"""Longest authority or route that is kept, in characters."""


class DiscoveredServices:
    """Counts requests without an API by authority (host) and route. It is bounded.

    Each of Envoy's routes has a share of the entries (`Shares`), because clients choose the
    authority: invented names at one route leave room for the services of the other routes. Requests
    beyond the bound are counted in `left_out`.
    """

    def __init__(self, capacity: int = 1000) -> None:
        self._shares = Shares(capacity)
        self._counts: dict[tuple[str, str], int] = {}
        self.left_out = 0

    def add(self, authority: str, route: str) -> None:
        """Count one request to that authority through that route of Envoy, which may be empty."""
        key = (authority[:_LONGEST], route[:_LONGEST])
        if key in self._counts:
            self._counts[key] += 1
        elif self._shares.take(key[1]):
            self._counts[key] = 1
        else:
            self.left_out += 1

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """Requests by authority and route."""
        return dict(self._counts)
