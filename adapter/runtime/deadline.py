"""Ends work that takes too long, by a clock that tests can replace."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from adapter.runtime.clock import Clock


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, None]) -> bool:
    """Whether the work ended in that time. Otherwise cancel it. Raises what the work raises.

    filled = await within(clock, 5, spool.wait_full(limit))
    """
    working = asyncio.ensure_future(work)
    sleeping = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((working, sleeping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        sleeping.cancel()
        await asyncio.gather(working, sleeping, return_exceptions=True)
    if working.cancelled():
        return False
    working.result()
    return True
