"""Quotas counted in this process."""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import Protocol

from adapter.clock import Clock, MonotonicTime
from adapter.errors import OverloadError
from adapter.policy.decision import Charge, QuotaState, QuotaWindow
from adapter.quota.recent import RecentCharges
from adapter.quota.windows import Window, WindowKey, charge_windows


class EarlierWindows(Protocol):
    """Windows that an earlier process began."""

    def find(self, key: WindowKey, now: MonotonicTime) -> Window | None:
        """That window, if it is still running."""

    def forget(self, key: WindowKey) -> None:
        """The window is counted elsewhere from now on."""


class MemoryQuotaStore:
    """An `authorization.ports.QuotaStore` without a wait: counters in a dict.

    Holds at most `max_windows` counters. Ended ones go as new ones come; when all are running, a
    charge that needs another one raises OverloadError and `overloads` counts it. Not to count
    would admit without limit, and to forget a running window would admit twice.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        max_windows: int = 1_000_000,
        max_recent_charges: int = 8_192,
        recent_s: float = 10.0,
    ) -> None:
        self._clock = clock
        self._max_windows = max_windows
        self._windows: dict[WindowKey, Window] = {}
        self._by_end: list[tuple[MonotonicTime, WindowKey]] = []
        self._recent = RecentCharges(max_recent_charges, recent_s)
        self._earlier: EarlierWindows | None = None
        self.overloads = 0
        """Charges refused because there was no room for another counter."""
        self.charges = 0
        """Requests admitted and counted."""

    def __len__(self) -> int:
        """How many counters are held."""
        return len(self._windows)

    @property
    def windows(self) -> Mapping[WindowKey, Window]:
        """The counters, ended ones among them; changes with every charge."""
        return self._windows

    def restore(self, earlier: EarlierWindows | None) -> None:
        """Count on where an earlier process stopped; None forgets it again."""
        self._earlier = earlier

    def charge(self, check_id: str, charge: Charge) -> QuotaState:
        """See `QuotaStore.charge`; one that was admitted before under this id is answered again."""
        now = self._clock.monotonic()
        known = self._recent.find(check_id, charge.windows, now)
        if known is not None:
            return known
        if self._earlier is not None:
            self._recall(self._earlier, charge.windows, now)
        state, charged = charge_windows(self._windows, charge.windows, now)
        if state.admitted:
            begun = [key for key, window in charged.items() if window.used == 1]
            if begun:
                self._make_room(begun, now)
                for key in begun:
                    heappush(self._by_end, (charged[key].ends_at, key))
            self._windows.update(charged)
            self._recent.add(check_id, charge.windows, state)
            self.charges += 1
        return state

    def _recall(
        self, earlier: EarlierWindows, windows: Sequence[QuotaWindow], now: MonotonicTime
    ) -> None:
        """Take over what was counted before; each window once, as it is first asked for."""
        for key, limit in windows:
            name = (key, limit.maximum_requests, limit.period_ms)
            if name in self._windows:
                continue
            window = earlier.find(name, now)
            if window is not None:
                self._make_room([name], now)
                self._windows[name] = window
                heappush(self._by_end, (window.ends_at, name))
                earlier.forget(name)

    def _make_room(self, begun: Sequence[WindowKey], now: MonotonicTime) -> None:
        """Forget a few ended counters for each new one, so that no single charge pays for many."""
        self._forget_ended(now, 2 * len(begun))
        missing = sum(key not in self._windows for key in begun)
        while len(self._windows) + missing > self._max_windows:
            if not self._forget_ended(now, 1):
                self.overloads += 1
                raise OverloadError(
                    f"all {self._max_windows} quota counters are in use; raise quota.max_windows, "
                    "or choose a keySelector with fewer values"
                )
            missing = sum(key not in self._windows for key in begun)

    def _forget_ended(self, now: MonotonicTime, at_most: int) -> bool:
        """Drop that many counters that have ended, oldest first; whether there was one to drop."""
        for dropped in range(at_most):
            if not self._by_end or self._by_end[0][0] > now:
                return dropped > 0
            ends_at, key = heappop(self._by_end)
            window = self._windows.get(key)
            if window is not None and window.ends_at == ends_at:
                del self._windows[key]
        return True
