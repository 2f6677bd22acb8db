"""Waiting for what other processes and tasks do."""

import asyncio
from collections.abc import Callable

DEADLINE_S = 20.0


async def until(condition: Callable[[], object]) -> None:
    """Return when the condition holds; raise TimeoutError when it does not in time."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - nobody tells us when
            await asyncio.sleep(0.02)
