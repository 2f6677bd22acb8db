"""Exponential back-off: how long to wait after failures in a row."""

from collections.abc import Callable
from typing import TypeAlias

Jitter: TypeAlias = Callable[[], float]
"""Gives a number in [0, 1): `random.random`, or a constant in tests."""


class Backoff:
    """Doubles the wait with each failure in a row, up to a cap; a success starts it again.

    Half of each wait is random, so that replicas do not all come back at the same moment. The class
    only computes: it reads no clock and does not sleep.

        backoff = Backoff(1.0, 300.0, random.random)
        await clock.sleep(backoff.failed())  # 0.5 to 1 s, then 1 to 2 s, then 2 to 4 s
        backoff.succeeded()  # the next wait is 0.5 to 1 s again
    """

    def __init__(self, base_s: float, cap_s: float, jitter: Jitter) -> None:
        self.failures = 0
        """Failures since the last success."""
        self._base_s = base_s
        self._cap_s = cap_s
        self._jitter = jitter
        self._next_s = base_s

    def failed(self, retry_after_s: float | None = None) -> float:
        """Count a failure and return the seconds to wait after it.

        `retry_after_s` is what the other side asked for (`Retry-After`, RFC 9110, 10.2.3). The wait
        is at least that long, but never longer than the cap: a wrong value must not stop the work.
        """
        self.failures += 1
        wait_s = self._next_s * (0.5 + self._jitter() / 2)
        self._next_s = min(self._next_s * 2, self._cap_s)
        return min(max(wait_s, retry_after_s or 0.0), self._cap_s)

    def succeeded(self) -> None:
        """Start again with the shortest wait."""
        self.failures = 0
        self._next_s = self._base_s
