"""Counts by key over the last minutes, and thins out log lines."""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Final

from adapter.runtime.clock import Clock, MonotonicTime

_LOG_INTERVAL_S: Final = 60.0
MINUTES: Final = 5


class RecentCounts:
    """Counts by key. There must be few keys, whatever clients send."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._logged_at: dict[str, MonotonicTime] = {}
        self._suppressed: Counter[str] = Counter()
        self._minutes: deque[tuple[int, Counter[str]]] = deque(maxlen=MINUTES + 1)

    def add(self, key: str) -> int | None:
        """Count one.

        If it is time for a log line about this key, at most once a minute, return how many were not
        logged since the last one.
        """
        now = self._clock.monotonic()
        minute = int(now // 60)
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, Counter()))
        self._minutes[-1][1][key] += 1
        logged_at = self._logged_at.get(key)
        if logged_at is not None and now - logged_at < _LOG_INTERVAL_S:
            self._suppressed[key] += 1
            return None
        self._logged_at[key] = now
        return self._suppressed.pop(key, 0)

    @property
    def counts(self) -> Mapping[str, int]:
        """The counts of the last minutes."""
        first = int(self._clock.monotonic() // 60) - MINUTES
        counts: Counter[str] = Counter()
        for minute, of_minute in self._minutes:
            if minute > first:
                counts.update(of_minute)
        return counts
