"""Something to do every so many seconds."""

from adapter.runtime.clock import Clock, MonotonicTime


class Interval:
    """Says when the period since the last time is over; due at the start."""

    def __init__(self, period_s: float, clock: Clock) -> None:
        self._period_s = period_s
        self._clock = clock
        self._done_at: MonotonicTime | None = None

    @property
    def due(self) -> bool:
        """Whether `done` was never called, or a period has passed since."""
        return self._done_at is None or self._clock.monotonic() - self._done_at >= self._period_s

    def done(self) -> None:
        """Start a new period now."""
        self._done_at = self._clock.monotonic()

    def expire(self) -> None:
        """Make it due at once."""
        self._done_at = None
