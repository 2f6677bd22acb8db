"""When to ask again."""

from collections.abc import Callable
from typing import TypeAlias

from adapter.runtime.clock import Clock, MonotonicTime

Chance: TypeAlias = Callable[[], float]
"""A random number in [0, 1); `random.random`, or a constant in tests."""


class Backoff:
    """Waits that double with every failure in a row, up to a cap.

    What the platform asked for in `Retry-After` is a floor, up to the same cap: an absurd value
    must not stop the sync. Half of each wait is random, so that replicas do not come back at once.
    """

    def __init__(self, base_s: float, cap_s: float, chance: Chance) -> None:
        self._base_s = base_s
        self._cap_s = cap_s
        self._chance = chance
        self._wait_s = base_s

    def failed(self, retry_after_s: float | None = None) -> float:
        """The seconds to wait after one more failure."""
        wait_s = self._wait_s * (0.5 + self._chance() / 2)
        self._wait_s = min(self._wait_s * 2, self._cap_s)
        return min(max(wait_s, retry_after_s or 0.0), self._cap_s)

    def succeeded(self) -> None:
        """Begin anew with the shortest wait."""
        self._wait_s = self._base_s


class Interval:
    """Something to do every so often; due from the start."""

    def __init__(self, period_s: float, clock: Clock) -> None:
        self._period_s = period_s
        self._clock = clock
        self._done_at: MonotonicTime | None = None

    @property
    def due(self) -> bool:
        """Whether the period is over since `done` was last called."""
        return self._done_at is None or self._clock.monotonic() - self._done_at >= self._period_s

    def done(self) -> None:
        """Begin a new period now."""
        self._done_at = self._clock.monotonic()

    def expire(self) -> None:
        """Make it due at once."""
        self._done_at = None
