"""Waits for other processes and tasks."""

import asyncio
from collections.abc import Awaitable, Callable

DEADLINE_S = 30.0


async def until(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Return when the condition holds; raises TimeoutError if it takes too long."""
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110 - nobody tells us when
            await asyncio.sleep(0.02)


async def eventually(condition: Callable[[], Awaitable[object]]) -> None:
    """The same for a condition that must be awaited."""
    async with asyncio.timeout(DEADLINE_S):
        while not await condition():  # noqa: ASYNC110 - nobody tells us when
            await asyncio.sleep(0.02)
