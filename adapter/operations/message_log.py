"""The messages of message-logging policies, written to this process's log."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from adapter.policy.effects import LogMessage
from adapter.runtime.clock import Clock
from adapter.runtime.shares import Shares

_TURN_S: Final = 0.1


class MessageLog:
    """An `authorization.ports.MessageLog` that costs a Check an append to a queue.

    `run` writes at most `max_per_s` messages a second, from a thread of its own, so that a log
    that blocks does not hold up Checks. At most `max_waiting` wait, and each API has a share of
    these places (`Shares`), so that the messages of one cannot push out those of all others; what
    finds no place is dropped and counted.
    """

    def __init__(self, clock: Clock, *, max_waiting: int = 10_000, max_per_s: int = 1_000) -> None:
        self._clock = clock
        self._places = Shares(max_waiting)
        self._per_turn = max(1, int(max_per_s * _TURN_S))
        self._waiting: deque[LogMessage] = deque()
        self.dropped = 0
        """Messages that there was no room for."""

    def offer(self, messages: Iterable[LogMessage]) -> None:
        """Have them written soon, or drop them."""
        for message in messages:
            if self._places.take(message.api_id):
                self._waiting.append(message)
            else:
                self.dropped += 1

    async def run(self) -> None:
        """Write until cancelled; then write what still waits."""
        told = 0
        try:
            while True:
                await self._clock.sleep(_TURN_S)
                if self.dropped > told:
                    dropped, told = self.dropped - told, self.dropped
                    structlog.get_logger().warning("policy.messages_dropped", count=dropped)
                if self._waiting:
                    await asyncio.to_thread(_write, self._taken(self._per_turn))
        finally:
            _write(self._taken(len(self._waiting)))

    def _taken(self, at_most: int) -> Sequence[LogMessage]:
        taken = [self._waiting.popleft() for _ in range(min(at_most, len(self._waiting)))]
        for message in taken:
            self._places.give_back(message.api_id)
        return taken


def _write(messages: Iterable[LogMessage]) -> None:
    log = structlog.get_logger()
    for level, category, text, api_id in messages:
        getattr(log, level)("policy.message", category=category, api_id=api_id, message=text)
