"""The clocks of all tests: time passes only when a test says so."""

import asyncio
import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from adapter.runtime.clock import MonotonicTime, WallTime

_TURNS = 50
"""Enough for any chain of tasks that do not wait for I/O."""


class FakeClock:
    """A `Clock` that wakes its sleepers in the order of their due times, when advanced."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._start = now
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    @property
    def sleepers(self) -> int:
        """How many tasks wait for the time to pass."""
        return len(self._sleepers)

    def now(self) -> WallTime:
        """See `Clock.now`."""
        return WallTime(self._start + self._elapsed)

    def monotonic(self) -> MonotonicTime:
        """See `Clock.monotonic`."""
        return MonotonicTime(self._elapsed)

    async def sleep(self, seconds: float) -> None:
        """Wait until a test has advanced the clock by this much."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due = self._elapsed + seconds
        heapq.heappush(self._sleepers, (due, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Advance the clock, and run everything that wakes up."""
        target = self._elapsed + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            self._elapsed, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
                await self.settle()
        self._elapsed = target

    async def settle(self) -> None:
        """Run all tasks as far as possible without advancing the clock."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)


class ManualClock:
    """A `Clock` that stands still until a test moves it, or something sleeps on it."""

    def __init__(self) -> None:
        self.time_s = 1_000.0

    def now(self) -> WallTime:
        """The wall time."""
        return WallTime(1_700_000_000 + self.time_s)

    def monotonic(self) -> MonotonicTime:
        """The monotonic time."""
        return MonotonicTime(self.time_s)

    async def sleep(self, seconds: float) -> None:
        """Move the time at once, without waiting."""
        self.time_s += seconds


@dataclass
class DatetimeClock:
    """A clock of the control plane, which counts in datetimes. It stands still until moved."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))

    def now(self) -> datetime:
        """The time that the test set."""
        return self.moment

    def move(self, **delta: float) -> None:
        """Let time pass, by arguments of timedelta."""
        self.moment += timedelta(**delta)
