"""Quotas counted in this process."""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

from mypy_extensions import i64

from adapter.clock import Clock, MonotonicTime
from adapter.errors import OverloadError
from adapter.policy.catalog import Contract
from adapter.policy.decision import ADMITTED, Charge, QuotaState, QuotaWindow
from adapter.quota.recent import RecentCharges
from adapter.quota.windows import Window, current_windows, end_of, found_state


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
        self._by_period: dict[int, deque[Window]] = {}
        """Windows in the order in which they began, which is that of their ends. Those that an
        earlier process began may end sooner, and go a little late."""
        self._recent = RecentCharges(max_recent_charges, recent_s)
        self._earlier: EarlierWindows | None = None
        self._salt: i64 = random.getrandbits(60)
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
        # By far the commonest: one limit of which nobody wants to know more.
        if len(windows) == 1 and not charge.figures and self._count_one(charge, now, check_id):
            return ADMITTED
        state = self._count(windows, now, figures=charge.figures)
        if state.admitted:
            self._recent.add(check_id, windows, state)
            self.charges += 1
        return state

    def _count_one(self, charge: Charge, now: MonotonicTime, check_id: str) -> bool:
        """Count in its one window; tells whether it had room."""
        name = charge.windows[0]
        window = self._running(name, charge.contract, now)
        if window.used >= name[0]:
            return False
        window.used += 1
        self._recent.add_unseen(check_id, window)
        self.charges += 1
        return True

    def _running(self, name: QuotaWindow, contract: Contract | None, now: MonotonicTime) -> Window:
        """The window of that name, begun if it is not running.

        The contract leads to it, where there is one: to look it up among very many takes longer
        than all else here, because nothing of that is in the processor's caches.
        """
        number = hash(name) ^ self._salt
        found = None if contract is None else contract.counter
        if isinstance(found, Window) and found.number == number and now < found.ends_at:
            return found
        window = self._windows.get(name)
        if window is None or now >= window.ends_at:
            window = self._begin(name, window, now)
        if contract is not None:
            window.lead_from(contract, number)
        return window

    def _begin(self, name: QuotaWindow, ended: Window | None, now: MonotonicTime) -> Window:
        """A window from now on, in the place of the one that has ended, if there was one."""
        window = Window(name if ended is None else ended.name, end_of(name, now), 0)
        if ended is None:
            self._make_room(1, now)
        self._enter(window, ended, now)
        return window

    def _look(self, windows: Sequence[QuotaWindow], now: MonotonicTime) -> QuotaState:
        """What is left after a charge that was made when nobody wanted to know."""
        current = current_windows(self._windows, windows, now)
        return found_state(current, windows, now, admitted=True)

    def _count(
        self, windows: Sequence[QuotaWindow], now: MonotonicTime, *, figures: bool
    ) -> QuotaState:
        """Count in all windows or in none, and tell what was found."""
        current = current_windows(self._windows, windows, now)
        admitted = all(window.used < name[0] for name, window in current.items())
        if admitted:
            begun = [window for window in current.values() if not window.used]
            self._make_room(sum(window.name not in self._windows for window in begun), now)
            for window in begun:
                self._enter(window, self._windows.get(window.name), now)
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
                self._make_room(1, now)
                self._enter(window, None, now)
                earlier.forget(name)

    def _enter(self, window: Window, ended: Window | None, now: MonotonicTime) -> None:
        """Hold a window that begins, and forget a few ended ones: no charge pays for many."""
        if ended is not None:
            ended.is_latest = False
        queue = self._by_period.get(window.name[1])
        if queue is None:
            queue = self._by_period[window.name[1]] = deque()
        self._forget_ended(queue, now)
        for each in self._by_period.values():
            self._forget_ended(each, now)
        self._windows[window.name] = window
        queue.append(window)

    def _make_room(self, missing: int, now: MonotonicTime) -> None:
        """See that so many more fit; raises OverloadError."""
        while len(self._windows) + missing > self._max_windows:
            if not any(self._forget_ended(queue, now) for queue in self._by_period.values()):
                self.overloads += 1
                raise OverloadError(
                    f"all {self._max_windows} quota counters are in use; raise quota.max_windows, "
                    "or choose a keySelector with fewer values"
                )

    def _forget_ended(self, queue: deque[Window], now: MonotonicTime) -> bool:
        """Drop the oldest window of a period if it has ended; tells whether it had."""
        if not queue or queue[0].ends_at > now:
            return False
        window = queue.popleft()
        window.let_go()
        if window.is_latest:
            del self._windows[window.name]
        return True
