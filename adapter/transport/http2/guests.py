"""The connections of a server, and which one is closed to make room for a new one."""

import asyncio
from collections.abc import Iterator
from typing import Protocol

from adapter.transport.http2.limits import Counters


class Guest(Protocol):
    """A connection, or a TLS handshake that may become one."""

    @property
    def closed(self) -> "asyncio.Future[None]":
        """Done when it is closed."""

    def sweep(self) -> None:
        """Check timeouts; called at regular intervals."""

    def drain(self) -> None:
        """Close without losing a call."""

    def abort(self) -> None:
        """Close at once."""


class Guests:
    """At most `room` guests.

    A guest is a stranger until one of its calls is accepted. Strangers may use all free places. If
    there is none left for a new guest, the oldest stranger is closed. So idle connections cannot
    keep out a client that makes a call at once.
    """

    def __init__(self, room: int, counters: Counters) -> None:
        self._room = room
        self._counters = counters
        self._known: set[Guest] = set()
        self._strangers: dict[Guest, None] = {}
        """The oldest first; that one is closed first."""

    def __len__(self) -> int:
        return len(self._known) + len(self._strangers)

    def __iter__(self) -> Iterator[Guest]:
        """Iterate over a copy of all guests."""
        return iter((*self._known, *self._strangers))

    @property
    def crowded(self) -> bool:
        """Whether more than half of the places are in use."""
        return 2 * len(self) > self._room

    def make_room(self) -> bool:
        """Make room for one more guest. Returns whether there is a place."""
        if len(self) < self._room:
            return True
        self._counters["connections"] += 1
        oldest = next(iter(self._strangers), None)
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.abort()
        return True

    def enter(self, guest: Guest) -> None:
        """Add a stranger, or move it to the end because it made a call without a token."""
        self._strangers.pop(guest, None)
        self._strangers[guest] = None

    def know(self, guest: Guest) -> None:
        """Mark a stranger as known."""
        self._strangers.pop(guest, None)
        self._known.add(guest)

    def leave(self, guest: Guest) -> None:
        """Remove a guest."""
        self._strangers.pop(guest, None)
        self._known.discard(guest)
