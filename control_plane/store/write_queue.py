"""Write transactions in turn: SQLite has one writer at a time, and no order among those that wait.

SQLite makes a writer that has to wait sleep and try again, so that newcomers overtake it for
seconds, and each one that waits keeps a thread from readers. Here they wait in a queue without a
thread.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from fastapi.concurrency import run_in_threadpool

from control_plane.errors import Unavailable

Result = TypeVar("Result")

_RETRY_AFTER_S = 5


class WriteQueue:
    """Runs work that writes to one database, one piece at a time, in the order of arrival."""

    def __init__(self, *, max_waiting: int = 500, patience_s: float = 10.0) -> None:
        """Work that waited for `patience_s` is refused, and so is work beyond `max_waiting`."""
        self._turn = asyncio.Lock()  # gives turns in the order of arrival
        self._waiting = 0
        self._max_waiting = max_waiting
        self._patience_s = patience_s

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` returns from a thread; raise Unavailable if its turn does not come."""
        await self._wait()
        try:
            return await run_in_threadpool(work)
        finally:
            self._turn.release()

    async def _wait(self) -> None:
        if self._waiting >= self._max_waiting:
            raise Unavailable("too many changes at once; try again", _RETRY_AFTER_S)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience_s):
                await self._turn.acquire()
        except TimeoutError:
            message = f"other changes took more than {self._patience_s:g} s; try again"
            raise Unavailable(message, _RETRY_AFTER_S) from None
        finally:
            self._waiting -= 1
