"""The only source of time, so that tests can replace it."""

import asyncio
import time
from collections.abc import Callable
from typing import NewType, Protocol, cast

WallTime = NewType("WallTime", float)
"""Seconds since the epoch, for people and other machines. The clock may be set."""

MonotonicTime = NewType("MonotonicTime", float)
"""Seconds since some moment, for measuring. Never goes back; has no meaning in other processes."""


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> WallTime:
        """The wall time."""

    def monotonic(self) -> MonotonicTime:
        """The monotonic time."""

    async def sleep(self, seconds: float) -> None:
        """Wait for that time."""


class SystemClock:
    """The clocks of the machine."""

    # Not wrapped in methods, because calling a method would cost a Check more than the clock does.
    now: Callable[[], WallTime] = staticmethod(cast("Callable[[], WallTime]", time.time))
    monotonic: Callable[[], MonotonicTime] = staticmethod(
        cast("Callable[[], MonotonicTime]", time.monotonic)
    )

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)
