"""The only source of time, so that tests can own it."""

import asyncio
import time
from typing import NewType, Protocol

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

    def now(self) -> WallTime:
        """See `Clock.now`."""
        return WallTime(time.time())

    def monotonic(self) -> MonotonicTime:
        """See `Clock.monotonic`."""
        return MonotonicTime(time.monotonic())

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)
