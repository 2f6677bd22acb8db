"""Runs write transactions one after the other, in the order in which they arrive.

SQLite has one writer at a time. A writer that has to wait sleeps and tries again, so later writers
may overtake it for seconds, and each waiting writer occupies a thread. In this queue, writers keep
their order and wait without a thread.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from anyio.to_thread import run_sync

from control_plane.errors import Busy

Result = TypeVar("Result")

_RETRY_AFTER_S = 5


class WriteQueue:
    """The queue of writers to one database."""

    def __init__(self, *, max_waiting: int = 500, patience_s: float = 10.0) -> None:
        """Refuses work that has waited for `patience_s`, and new work while `max_waiting` wait."""
        self._turn = asyncio.Lock()  # gives turns in the order of arrival
        self._waiting = 0
        self._max_waiting = max_waiting
        self._patience_s = patience_s

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run `work` in a thread, and return its result; raise Busy if the wait is too long."""
        await self._wait()
        try:
            return await run_sync(work)
        finally:
            self._turn.release()

    async def _wait(self) -> None:
        if self._waiting >= self._max_waiting:
            raise Busy("too many changes at once; try again", _RETRY_AFTER_S)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience_s):
                await self._turn.acquire()
        except TimeoutError:
            message = f"other changes took more than {self._patience_s:g} s; try again"
            raise Busy(message, _RETRY_AFTER_S) from None
        finally:
            self._waiting -= 1
