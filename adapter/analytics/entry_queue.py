# mypyc: compiled
"""The queue of access log messages: reads them in small steps, so that Checks go first.

A message may hold thousands of entries. The queue reads a few of them in each iteration of the
event loop, and Checks run between two iterations.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from adapter.analytics.log_message import LogMessage

_TURN_OCTETS: Final = 64 * 1024
"""The most bytes that are read in one turn. The last entry may exceed this."""
_OCTETS_FOR_A_SLICE: Final = 64 * 1024
"""A turn reads one slice, and one more for each time that this many bytes wait. So a busy adapter
keeps up."""
_MOST_SLICES: Final = 8
_DISCARDED_FIELDS: Final = 1_000
_ENOUGH_OCTETS: Final = 1024 * 1024
"""If more bytes wait, entries arrive faster than they are read: then senders have to wait."""


class EntryQueue:
    """Messages that wait to be read, oldest first, and the turns in which they are read.

    `read_slice(message, octets)` reads the next few entries of a message, and stops after that many
    bytes. `when_empty()` is called when everything has been read.
    """

    def __init__(
        self, read_slice: Callable[[LogMessage, int], None], when_empty: Callable[[], None]
    ) -> None:
        self._read_slice = read_slice
        self._when_empty = when_empty
        self._messages: deque[LogMessage] = deque()
        self._waiting_octets = 0
        self._in_turn = False
        """Whether there was a turn in this iteration of the event loop."""
        self._room: asyncio.Future[None] | None = None
        """Done when there is room again; None if there is room."""

    @property
    def waiting_octets(self) -> int:
        """How many bytes of all messages have not been read."""
        return self._waiting_octets

    def add(self, message: bytes) -> "asyncio.Future[None] | None":
        """Add a message, and read some of it now if nothing was read in this iteration.

        Returns a future if too much waits. The sender has to wait for it before it sends more.
        """
        self._messages.append(LogMessage(message))
        self._waiting_octets += len(message)
        if not self._in_turn:
            self._take_turn()
        if self._waiting_octets <= _ENOUGH_OCTETS:
            return None
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()
        return self._room

    async def drain(self) -> None:
        """Read everything that waits; Checks run in between."""
        while self._messages:
            self._read_some()
            await asyncio.sleep(0)

    def discard(self) -> int:
        """Forget everything that waits. Returns how many entries that were."""
        entries = 0
        for message in self._messages:
            while message.rest:
                entries += len(message.take(_DISCARDED_FIELDS, message.rest))
            entries += message.broken
        self._messages.clear()
        self._waiting_octets = 0
        return entries

    def _take_turn(self) -> None:
        self._in_turn = True
        self._read_some()
        asyncio.get_running_loop().call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._in_turn = False
        if self._messages:
            self._take_turn()

    def _read_some(self) -> None:
        slices = min(1 + self._waiting_octets // _OCTETS_FOR_A_SLICE, _MOST_SLICES)
        octets = _TURN_OCTETS
        while self._messages and slices > 0 and octets > 0:
            octets -= self._read_from_oldest(octets)
            slices -= 1
        if self._room is not None and self._waiting_octets <= _ENOUGH_OCTETS // 2:
            self._room.set_result(None)
            self._room = None
        if not self._messages:
            self._when_empty()

    def _read_from_oldest(self, octets: int) -> int:
        """Read one slice. Returns how many bytes it had."""
        message = self._messages[0]
        before = message.rest
        self._read_slice(message, octets)
        if not message.rest:
            self._messages.popleft()
        read = before - message.rest
        self._waiting_octets -= read
        return read
