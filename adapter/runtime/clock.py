"""The only source of time, so that tests can own it."""

import asyncio
import time
from collections.abc import Callable
from typing import NewType, Protocol, cast

WallTime = NewType("WallTime", float)
"""Seconds since the epoch: for what people and other machines read. May jump."""

MonotonicTime = NewType("MonotonicTime", float)
"""Seconds since some start: for measuring. Never jumps, means nothing outside this process."""


class Clock(Protocol):
    """What the adapter may ask about time."""

    def now(self) -> WallTime:
        """The wall time."""

    def monotonic(self) -> MonotonicTime:
        """The monotonic time."""

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""


class SystemClock:
    """The machine's clocks."""

    # The functions themselves: a method around them would cost a Check more than they do.
    now: Callable[[], WallTime] = staticmethod(cast("Callable[[], WallTime]", time.time))
    monotonic: Callable[[], MonotonicTime] = staticmethod(
        cast("Callable[[], MonotonicTime]", time.monotonic)
    )

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)
