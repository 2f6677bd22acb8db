"""Writes the messages of message-logging policies to the log."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from adapter.policy.effects.log import LogMessage
from adapter.runtime.clock import Clock
from adapter.runtime.shares import Shares

_INTERVAL_S: Final = 0.1


class MessageLog:
    """An `authorization.ports.MessageLog`. A Check only appends messages to a queue.

    `run` writes at most `max_per_s` messages per second, in a separate thread, so that a blocking
    log does not delay Checks. The queue holds at most `max_waiting` messages. Each API has a share
    of it (`Shares`), so that one API cannot use up the whole queue. Messages that do not fit are
    dropped and counted.
    """

    def __init__(self, clock: Clock, *, max_waiting: int = 10_000, max_per_s: int = 1_000) -> None:
        self._clock = clock
        self._places = Shares(max_waiting)
        self._per_interval = max(1, int(max_per_s * _INTERVAL_S))
        self._waiting: deque[LogMessage] = deque()
        self.dropped = 0
        """Messages that did not fit into the queue."""

    def offer(self, messages: Iterable[LogMessage]) -> None:
        """Queue the messages, or drop those that do not fit."""
        for message in messages:
            if self._places.take(message.api_id):
                self._waiting.append(message)
            else:
                self.dropped += 1

    async def run(self) -> None:
        """Write messages until cancelled; then write the rest of the queue."""
        told = 0
        try:
            while True:
                await self._clock.sleep(_INTERVAL_S)
                if self.dropped > told:
                    dropped, told = self.dropped - told, self.dropped
                    structlog.get_logger().warning("policy.messages_dropped", count=dropped)
                if self._waiting:
                    await asyncio.to_thread(_write, self._taken(self._per_interval))
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
