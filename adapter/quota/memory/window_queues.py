# mypyc: compiled
"""Bounds the number of windows: ended ones are dropped, and each policy has a share."""

from collections import deque
from collections.abc import Callable
from typing import Final

from adapter.policy.effects.quota import QuotaState, QuotaWindow
from adapter.quota.memory.windows import FixedWindow, policy_of
from adapter.runtime.clock import MonotonicTime
from adapter.runtime.shares import Shares

_LOOKS: Final = 4
"""How many periods are checked for an ended window when a window begins. With several, windows
are dropped faster than they begin."""
_MOST_FORGOTTEN: Final = 1_000
"""Most ended windows that one charge drops: it takes a tenth of a millisecond (measured)."""

SHARE_USED_UP: Final = QuotaState(
    False,
    (),
    (),
    unknown="the keys of this policy use up its share of quota.max_windows; choose a keySelector "
    "with fewer values, or raise quota.max_windows",
)
"""The answer to a charge that would need a window above its policy's share."""


class WindowQueues:
    """Holds at most `max_windows` windows, in the order of their ends.

    A policy gets another window only while it holds fewer than are free (`Shares`). When windows
    begin, ended ones are dropped, and `forgotten` is called for each.
    """

    def __init__(self, max_windows: int, forgotten: Callable[[FixedWindow], None]) -> None:
        self._shares = Shares(max_windows)
        self._forgotten = forgotten
        self._by_period: dict[int, deque[FixedWindow]] = {}
        """For each period, the windows in the order in which they began and will end. Windows of an
        earlier process may end sooner. They are dropped a little late."""
        self._rotation: deque[int] = deque()
        """The periods. The first one is checked next."""

    def __len__(self) -> int:
        """The number of windows, including ended ones that are not dropped yet."""
        return sum(map(len, self._by_period.values()))

    def take(self, name: QuotaWindow, now: MonotonicTime) -> bool:
        """Take a place for a window of that name; False if its policy has used up its share."""
        owner = policy_of(name)
        return self._shares.take(owner) or (
            self.room(name, 1, now) > 0 and self._shares.take(owner)
        )

    def room(self, name: QuotaWindow, wanted: int, now: MonotonicTime) -> int:
        """How many of the wanted windows the policy of that name may begin."""
        owner, left = policy_of(name), _MOST_FORGOTTEN
        room = self._shares.room(owner)
        if room >= wanted:
            return wanted
        for queue in self._by_period.values():
            while room < wanted and left and self._forget_ended(queue, now):
                left -= 1
                room = self._shares.room(owner)
        return min(room, wanted)

    def give_back(self, name: QuotaWindow) -> None:
        """Return a place that was taken but is not needed."""
        self._shares.give_back(policy_of(name))

    def enter(self, window: FixedWindow, ended: FixedWindow | None, now: MonotonicTime) -> None:
        """Add a window that begins. It replaces `ended`, or uses a place that was taken for it.

        Only a few ended windows are dropped, so that no charge pays for many.
        """
        if ended is not None:
            ended.is_latest = False
        period = window.name[1]
        queue = self._by_period.get(period)
        if queue is None:
            queue = self._by_period[period] = deque()
            self._rotation.append(period)
        queue.append(window)
        self._forget_ended(queue, now)
        for _ in range(min(_LOOKS, len(self._rotation))):
            self._look_at_next(now)

    def _look_at_next(self, now: MonotonicTime) -> None:
        """Drop the oldest window of the next period if it has ended, and an empty period."""
        period = self._rotation[0]
        queue = self._by_period[period]
        self._forget_ended(queue, now)
        if queue:
            self._rotation.rotate(-1)
        else:
            del self._by_period[period]
            self._rotation.popleft()

    def _forget_ended(self, queue: deque[FixedWindow], now: MonotonicTime) -> bool:
        """Drop the oldest window of a period if it has ended; returns whether it had."""
        if not queue or queue[0].ends_at > now:
            return False
        window = queue.popleft()
        window.let_go()
        if window.is_latest:
            self._shares.give_back(policy_of(window.name))
            self._forgotten(window)
        return True
