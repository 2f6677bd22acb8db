"""Lets Checks go first.

A Check waits while the event loop runs something else. So background work is done in small steps,
and Checks run between them. `in_slices` is for one long job, `LoopTurns` for many jobs at once, and
`rest_after` for work in a thread, which keeps the interpreter's lock from the event loop's thread.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


async def in_slices(items: Iterable[Item], size: int) -> AsyncIterator[list[Item]]:
    """Yield the items in lists of `size`; Checks run between two lists.

    async for events in in_slices(batch, 8):
        compress(events)
    """
    remaining = iter(items)
    while part := list(islice(remaining, size)):
        yield part
        await asyncio.sleep(0)


class LoopTurns:
    """Allows one step in each iteration of the event loop, however many tasks want to do one.

    Without it, answers of the platform that arrive together would all be read in one iteration,
    and Checks would wait for all of them.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def wait(self) -> None:
        """Return when the caller may do its step, which lasts until its next `await`."""
        async with self._lock:
            await asyncio.sleep(0)


def rest_after(worked_s: float, share: float) -> float:
    """The seconds to rest after work, so that work takes that share of the time.

    rest_after(0.2, share=0.1)  # 1.8
    """
    return worked_s * (1 / share - 1)
