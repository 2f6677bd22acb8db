# mypyc: compiled
"""Quotas counted in this process."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from mypy_extensions import i64

from adapter.policy.contracts.contract import Contract
from adapter.policy.effects import ADMITTED, Charge, QuotaState, QuotaWindow
from adapter.quota.memory.idempotency import RecentCharges
from adapter.quota.memory.window_queues import SHARE_USED_UP, WindowQueues
from adapter.quota.memory.windows import Window, current_windows, end_of, found_state
from adapter.runtime.clock import Clock, MonotonicTime


class EarlierWindows(Protocol):
    """Windows that an earlier process began."""

    def find(self, key: QuotaWindow, now: MonotonicTime) -> Window | None:
        """That window, if it is still running."""

    def forget(self, key: QuotaWindow) -> None:
        """The window is counted elsewhere from now on."""


class MemoryQuotaStore:
    """An `authorization.ports.QuotaStore` without a wait: counters in a dict.

    Holds at most `max_windows` counters, of which each policy has a share (`WindowQueues`). A
    charge that needs a counter beyond it is answered with a quota that is not known, and
    `overloads` counts it. Not to count would admit without limit, and to forget a running window
    would admit twice.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        max_windows: int,
        max_recent_charges: int = 8_192,
        recent_s: float = 10.0,
    ) -> None:
        self._clock = clock
        self._max_windows = max_windows
        self._windows: dict[QuotaWindow, Window] = {}
        self._queues = WindowQueues(max_windows, self._forget)
        self._recent = RecentCharges(max_recent_charges, recent_s)
        self._earlier: EarlierWindows | None = None
        self._salt: i64 = random.getrandbits(60)
        self.overloads = 0
        """Charges refused because their policy's share of the counters was used up."""
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
        if self._earlier is not None and not self._recall(self._earlier, windows, now):
            return self._refused()
        # By far the commonest: one limit of which nobody wants to know more.
        if len(windows) == 1 and not charge.figures and self._count_one(charge, now, check_id):
            return ADMITTED
        state = self._count(windows, now, figures=charge.figures)
        if state.admitted:
            self._recent.add(check_id, windows, state)
            self.charges += 1
        return state

    def _count_one(self, charge: Charge, now: MonotonicTime, check_id: str) -> bool:
        """Count in its one window; tells whether that could be done."""
        name = charge.windows[0]
        window = self._running(name, charge.contract, now)
        if window is None or window.used >= name[0]:
            return False
        window.used += 1
        self._recent.add_unseen(check_id, window)
        self.charges += 1
        return True

    def _running(
        self, name: QuotaWindow, contract: Contract | None, now: MonotonicTime
    ) -> Window | None:
        """The window of that name, begun if it is not running; None if it cannot begin.

        The contract leads to it, where there is one: to look it up among very many takes longer
        than all else here, because nothing of that is in the processor's caches.
        """
        number = hash(name) ^ self._salt
        found = None if contract is None else contract.counter
        if isinstance(found, Window) and found.number == number and now < found.ends_at:
            return found
        window = self._windows.get(name)
        if window is None or now >= window.ends_at:
            begun = Window(name if window is None else window.name, end_of(name, now), 0)
            if not self._begin(begun, window, now):
                return None
            window = begun
        if contract is not None:
            window.lead_from(contract, number)
        return window

    def _begin(self, window: Window, ended: Window | None, now: MonotonicTime) -> bool:
        """Hold a window, in the place of the one that has ended, if there was one.

        False if its policy has no place for another one.
        """
        if ended is None and not self._queues.take(window.name, now):
            return False
        self._windows[window.name] = window
        self._queues.enter(window, ended, now)
        return True

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
            if not self._begin_all(current.values(), now):
                return self._refused()
            for window in current.values():
                window.used += 1
            if not figures:
                return ADMITTED
        return found_state(current, windows, now, admitted=admitted)

    def _begin_all(self, current: Iterable[Window], now: MonotonicTime) -> bool:
        """Hold those of the windows that begin; all of them or none."""
        begun: list[Window] = []
        for window in current:
            held = None if window.used else self._windows.get(window.name)
            if window.used or held is window:
                continue
            if not self._begin(window, held, now):
                for other in begun:
                    other.ends_at = now
                return False
            begun.append(window)
        return True

    def _recall(
        self, earlier: EarlierWindows, windows: Sequence[QuotaWindow], now: MonotonicTime
    ) -> bool:
        """Take over what was counted before; each window once, as it is first asked for.

        False if there is no place for one of them.
        """
        for name in windows:
            if name in self._windows:
                continue
            window = earlier.find(name, now)
            if window is not None:
                if not self._begin(window, None, now):
                    return False
                earlier.forget(name)
        return True

    def _refused(self) -> QuotaState:
        self.overloads += 1
        return SHARE_USED_UP

    def _forget(self, window: Window) -> None:
        del self._windows[window.name]
