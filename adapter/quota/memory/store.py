# mypyc: compiled
"""Counts quotas in this process."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from mypy_extensions import i64

from adapter.policy.contracts.contract import Contract
from adapter.policy.effects.quota import ADMITTED, Charge, QuotaState, QuotaWindow
from adapter.quota.memory.idempotency import REMEMBERED_CHECKS, REMEMBERED_S, RecentCharges
from adapter.quota.memory.window_queues import SHARE_USED_UP, WindowQueues
from adapter.quota.memory.windows import FixedWindow, current_windows, end_of, found_state
from adapter.runtime.clock import Clock, MonotonicTime


class EarlierWindows(Protocol):
    """Windows that an earlier process began."""

    def find(self, key: QuotaWindow, now: MonotonicTime) -> FixedWindow | None:
        """The window of that name, if it is still running."""

    def forget(self, key: QuotaWindow) -> None:
        """Drop the window, because the store counts it from now on."""


class MemoryQuotaStore:
    """A `QuotaStore` that answers at once: its windows are in a dict.

    It holds at most `max_windows` windows, and each policy has a share of them (`WindowQueues`). A
    charge that needs a window above the share gets the answer that the quota is unknown, and
    `overloads` counts it. To admit it without counting would admit without limit, and to drop a
    running window would admit its limit twice.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        max_windows: int,
        max_recent_charges: int = REMEMBERED_CHECKS,
        recent_s: float = REMEMBERED_S,
    ) -> None:
        self._clock = clock
        self._max_windows = max_windows
        self._windows: dict[QuotaWindow, FixedWindow] = {}
        self._queues = WindowQueues(max_windows, self._forget)
        self._recent = RecentCharges(max_recent_charges, recent_s)
        self._earlier: EarlierWindows | None = None
        self._salt: i64 = random.getrandbits(60)
        self.overloads = 0
        """Charges refused because their policy had used up its share of the windows."""
        self.charges = 0
        """Requests admitted and counted."""

    def __len__(self) -> int:
        """The number of windows."""
        return len(self._windows)

    @property
    def windows(self) -> Mapping[QuotaWindow, FixedWindow]:
        """All windows, including ended ones. The mapping changes with every charge."""
        return self._windows

    def restore(self, earlier: EarlierWindows | None) -> None:
        """Continue with the windows of an earlier process; None drops them."""
        self._earlier = earlier

    def charge(self, check_id: str, charge: Charge) -> QuotaState:
        """See `QuotaStore.charge`. A charge that this Check made before gets its answer again."""
        now = self._clock.monotonic()
        windows = charge.windows
        known = self._recent.find(check_id, windows, now)
        if known is not None:
            return known if known.remaining or not charge.figures else self._look(windows, now)
        if self._earlier is not None and not self._recall(self._earlier, windows, now):
            return self._refused()
        # By far the most frequent charge: one limit whose figures are not asked for.
        if len(windows) == 1 and not charge.figures and self._count_one(charge, now, check_id):
            return ADMITTED
        state = self._count(windows, now, figures=charge.figures)
        if state.admitted:
            self._recent.add(check_id, windows, state)
            self.charges += 1
        return state

    def peek(self, windows: Sequence[QuotaWindow]) -> QuotaState:
        """What a charge of these windows would find, and what is left before it. Charges nothing.

        Windows of an earlier process count from their first charge in this one.
        """
        now = self._clock.monotonic()
        current = current_windows(self._windows, windows, now)
        admitted = all(window.used < name[0] for name, window in current.items())
        return found_state(current, windows, now, admitted=admitted)

    def _count_one(self, charge: Charge, now: MonotonicTime, check_id: str) -> bool:
        """Count in the only window of a charge; returns whether it was admitted."""
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
    ) -> FixedWindow | None:
        """The running window of that name, or a new one; None if its policy's share is used up.

        The contract, if there is one, refers to its window. A look-up among very many windows takes
        longer than everything else here, because they are not in the processor's caches.
        """
        number = hash(name) ^ self._salt
        found = None if contract is None else contract.counter
        if isinstance(found, FixedWindow) and found.number == number and now < found.ends_at:
            return found
        window = self._windows.get(name)
        if window is None or now >= window.ends_at:
            begun = FixedWindow(name if window is None else window.name, end_of(name, now), 0)
            if not self._begin(begun, window, now):
                return None
            window = begun
        if contract is not None:
            window.lead_from(contract, number)
        return window

    def _begin(self, window: FixedWindow, ended: FixedWindow | None, now: MonotonicTime) -> bool:
        """Add a window, which replaces `ended` if given; False if its policy's share is used up."""
        if ended is None and not self._queues.take(window.name, now):
            return False
        self._windows[window.name] = window
        self._queues.enter(window, ended, now)
        return True

    def _look(self, windows: Sequence[QuotaWindow], now: MonotonicTime) -> QuotaState:
        """What is left after a charge whose figures were not asked for when it was made."""
        current = current_windows(self._windows, windows, now)
        return found_state(current, windows, now, admitted=True)

    def _count(
        self, windows: Sequence[QuotaWindow], now: MonotonicTime, *, figures: bool
    ) -> QuotaState:
        """Count in all windows or in none, and return what is left."""
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

    def _begin_all(self, current: Iterable[FixedWindow], now: MonotonicTime) -> bool:
        """Add the windows that begin, all of them or none."""
        begun: list[FixedWindow] = []
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
        """Take over the earlier process's windows of those names.

        False if a policy's share is used up.
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

    def _forget(self, window: FixedWindow) -> None:
        del self._windows[window.name]
