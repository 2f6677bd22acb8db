"""Waiting for what other processes and tasks do."""

import asyncio
from collections.abc import Awaitable, Callable

DEADLINE_S = 30.0


async def until(condition: Callable[[], object]) -> None:
    """Return when the condition holds; raise TimeoutError when it does not in time."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - nobody tells us when
            await asyncio.sleep(0.02)


async def eventually(condition: Callable[[], Awaitable[object]]) -> None:
    """As `until`, for a condition that has to be asked for."""
    async with asyncio.timeout(DEADLINE_S):
        while not await condition():  # noqa: ASYNC110 - nobody tells us when
            await asyncio.sleep(0.02)
