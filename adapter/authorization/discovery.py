"""Services that Envoy asks about and that no API is bound to."""

from collections.abc import Mapping


class DiscoveredServices:
    """Counts requests without an API by what they asked for; bounded, and counts the rest."""

    def __init__(self, capacity: int = 1000) -> None:
        self._capacity = capacity
        self._counts: dict[tuple[str, str], int] = {}
        self.left_out = 0

    def add(self, authority: str, route: str) -> None:
        """Count one request to that authority through that route of Envoy's (may be empty)."""
        key = (authority[:255], route[:255])
        if key in self._counts:
            self._counts[key] += 1
        elif len(self._counts) < self._capacity:
            self._counts[key] = 1
        else:
            self.left_out += 1

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """Requests by (authority, route)."""
        return dict(self._counts)
