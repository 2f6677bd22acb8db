"""Closes what was replaced, when nobody can be using it any more."""

import asyncio
from collections.abc import Awaitable, Callable

from adapter.runtime.clock import Clock


class Retirement:
    """Clients that were replaced: requests that are under way end on their own connections."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, close: Callable[[], Awaitable[None]], after_s: float) -> None:
        """Call `close` after that time, which is the longest that a request takes."""
        task = asyncio.create_task(self._close_later(close, after_s), name="retirement")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Close all of them now."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _close_later(self, close: Callable[[], Awaitable[None]], after_s: float) -> None:
        try:
            await self._clock.sleep(after_s)
        finally:
            await close()
