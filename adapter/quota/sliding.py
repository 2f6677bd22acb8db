"""Sliding windows, for spike control. Pure.

A request counts for one period after it was admitted. So in any stretch of one period, at most
`maximum_requests` are admitted (the vendor's algorithm for spike control).
"""

from collections import deque
from dataclasses import dataclass
from math import ceil
from typing import Final

from adapter.policy.catalog import RateLimit
from adapter.policy.effects.quota import QuotaState
from adapter.runtime.clock import MonotonicTime

MAX_SLOTS: Final = 1_024
"""Most times remembered. With a larger limit, requests that came close together share one."""

_ROUNDING_MS: Final = 0.001


@dataclass(slots=True)
class _Slot:
    """Requests admitted close together. All of them count as long as the last one does."""

    first: MonotonicTime
    last: MonotonicTime
    count: int


class SlidingWindow:
    """The requests that one limit admitted within its last period.

    It holds at most `max_slots` times, whatever the limit. With a limit above that, requests of one
    `max_slots`-th of the period leave the window together, when the last of them does. So the
    window never admits more than the limit, and sometimes slightly less.
    """

    def __init__(self, limit: RateLimit, max_slots: int = MAX_SLOTS) -> None:
        self._maximum = limit.maximum_requests
        self._period_s = limit.period_ms / 1000
        self._grain_s = self._period_s / max_slots if self._maximum > max_slots else 0.0
        self._slots: deque[_Slot] = deque()
        self._used = 0

    def __len__(self) -> int:
        """The number of times remembered."""
        return len(self._slots)

    def ask(self, now: MonotonicTime) -> QuotaState:
        """Admit a request if there is room, and return what is left."""
        self._forget(now)
        if self._used >= self._maximum:
            return self.state(now, admitted=False)
        newest = self._slots[-1] if self._slots else None
        if newest is not None and now - newest.first < self._grain_s:
            newest.last = now
            newest.count += 1
        else:
            self._slots.append(_Slot(now, now, 1))
        self._used += 1
        return self.state(now, admitted=True)

    def state(self, now: MonotonicTime, *, admitted: bool) -> QuotaState:
        """What is left, and when there is room again (0 ms while something is left)."""
        self._forget(now)
        left = self._maximum - self._used
        wait_ms = 0.0 if left else (self._slots[0].last + self._period_s - now) * 1000
        return QuotaState(admitted, (left,), (ceil(wait_ms - _ROUNDING_MS),))

    def is_empty(self, now: MonotonicTime) -> bool:
        """Whether no request counts any more."""
        self._forget(now)
        return not self._slots

    def _forget(self, now: MonotonicTime) -> None:
        slots = self._slots
        while slots and now >= slots[0].last + self._period_s:
            self._used -= slots.popleft().count
