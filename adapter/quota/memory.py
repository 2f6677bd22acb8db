"""Quotas counted in this process."""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import Protocol

from adapter.clock import Clock, MonotonicTime
from adapter.errors import OverloadError
from adapter.policy.decision import ADMITTED, Charge, QuotaState, QuotaWindow
from adapter.quota.recent import RecentCharges
from adapter.quota.windows import Window, current_windows, found_state


class EarlierWindows(Protocol):
    """Windows that an earlier process began."""

    def find(self, key: QuotaWindow, now: MonotonicTime) -> Window | None:
        """That window, if it is still running."""

    def forget(self, key: QuotaWindow) -> None:
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
        self._windows: dict[QuotaWindow, Window] = {}
        self._by_end: list[tuple[MonotonicTime, QuotaWindow]] = []
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
    def windows(self) -> Mapping[QuotaWindow, Window]:
        """The counters, ended ones among them; changes with every charge."""
        return self._windows

    def restore(self, earlier: EarlierWindows | None) -> None:
        """Count on where an earlier process stopped; None forgets it again."""
        self._earlier = earlier

    def charge(self, check_id: str, charge: Charge) -> QuotaState:
        """See `QuotaStore.charge`; one that was admitted before under this id is answered again."""
        now = self._clock.monotonic()
        windows = charge.windows
        known = self._recent.find(check_id, windows, now)
        if known is not None:
            return known if known.remaining or not charge.figures else self._look(windows, now)
        if self._earlier is not None:
            self._recall(self._earlier, windows, now)
        # By far the commonest: one limit, whose window is running and has room.
        window = self._windows.get(windows[0]) if len(windows) == 1 else None
        if (
            window is not None
            and not charge.figures
            and now < window.ends_at
            and window.used < windows[0][1]
        ):
            window.used += 1
            self._recent.add(check_id, window.charged)
            self.charges += 1
            return ADMITTED
        state = self._count(windows, now, figures=charge.figures)
        if state.admitted:
            self._recent.add(check_id, ((windows, state),))
            self.charges += 1
        return state

    def _look(self, windows: Sequence[QuotaWindow], now: MonotonicTime) -> QuotaState:
        """What is left after a charge that was made when nobody wanted to know."""
        current = current_windows(self._windows, windows, now)
        return found_state(current, windows, now, admitted=True)

    def _count(
        self, windows: Sequence[QuotaWindow], now: MonotonicTime, *, figures: bool
    ) -> QuotaState:
        """Count in all windows or in none, and tell what was found."""
        current = current_windows(self._windows, windows, now)
        admitted = all(window.used < name[1] for name, window in current.items())
        if admitted:
            begun = [name for name, window in current.items() if not window.used]
            if begun:
                self._make_room(begun, now)
                for name in begun:
                    heappush(self._by_end, (current[name].ends_at, name))
                    self._windows[name] = current[name]
            for window in current.values():
                window.used += 1
            if not figures:
                return ADMITTED
        return found_state(current, windows, now, admitted=admitted)

    def _recall(
        self, earlier: EarlierWindows, windows: Sequence[QuotaWindow], now: MonotonicTime
    ) -> None:
        """Take over what was counted before; each window once, as it is first asked for."""
        for name in windows:
            if name in self._windows:
                continue
            window = earlier.find(name, now)
            if window is not None:
                self._make_room([name], now)
                self._windows[name] = window
                heappush(self._by_end, (window.ends_at, name))
                earlier.forget(name)

    def _make_room(self, begun: Sequence[QuotaWindow], now: MonotonicTime) -> None:
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
