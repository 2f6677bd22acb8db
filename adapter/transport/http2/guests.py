"""Who is connected to a server, and who has to leave when there is no room for another."""

import asyncio
from collections.abc import Iterator
from typing import Protocol

from adapter.transport.http2.limits import Counters


class Guest(Protocol):
    """A connection, or a TLS handshake that is to become one."""

    @property
    def closed(self) -> "asyncio.Future[None]":
        """Done when it is gone."""

    def sweep(self) -> None:
        """Some time has passed since the last sweep."""

    def drain(self) -> None:
        """Leave without losing a call."""

    def abort(self) -> None:
        """Close at once."""


class Guests:
    """At most `room` guests.

    A guest is a stranger until a call of its was accepted. Strangers may take all the room that is
    left, but the one that was accepted least recently leaves when somebody new comes: so idle
    connections, however many, keep nobody out that makes a call at once.
    """

    def __init__(self, room: int, counters: Counters) -> None:
        self._room = room
        self._counters = counters
        self._known: set[Guest] = set()
        self._strangers: dict[Guest, None] = {}
        """Those that have to leave first come first."""

    def __len__(self) -> int:
        return len(self._known) + len(self._strangers)

    def __iter__(self) -> Iterator[Guest]:
        """All of them, as they are now."""
        return iter((*self._known, *self._strangers))

    @property
    def crowded(self) -> bool:
        """Whether more than half of the room is taken."""
        return 2 * len(self) > self._room

    def make_room(self) -> bool:
        """Make room for one more; tells whether there is any."""
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
        """A stranger has come, or has made a call that any stranger may make."""
        self._strangers.pop(guest, None)
        self._strangers[guest] = None

    def know(self, guest: Guest) -> None:
        """A stranger is one no longer."""
        self._strangers.pop(guest, None)
        self._known.add(guest)

    def leave(self, guest: Guest) -> None:
        """A guest is gone, or as good as gone."""
        self._strangers.pop(guest, None)
        self._known.discard(guest)
