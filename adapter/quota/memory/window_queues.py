# mypyc: compiled
"""The windows that run, in the order of their ends, each policy within its share of them."""

from collections import deque
from collections.abc import Callable
from typing import Final

from adapter.policy.effects import QuotaState, QuotaWindow
from adapter.quota.memory.windows import Window, policy_of
from adapter.runtime.clock import MonotonicTime
from adapter.runtime.shares import Shares

_LOOKS: Final = 4
"""Periods whose oldest window a new one looks at: more end than begin, whatever the periods."""
_MOST_FORGOTTEN: Final = 1_000
"""Ended windows that one charge forgets at most: a tenth of a millisecond."""

SHARE_USED_UP: Final = QuotaState(
    False,
    (),
    (),
    unknown="the keys of this policy use up its share of quota.max_windows; choose a keySelector "
    "with fewer values, or raise quota.max_windows",
)
"""What a charge finds that would need a window beyond its policy's share."""


class WindowQueues:
    """At most `max_windows`; a policy gets another one while it holds fewer than are free.

    Ended windows go as new ones come. `forgotten` is called for each that goes.
    """

    def __init__(self, max_windows: int, forgotten: Callable[[Window], None]) -> None:
        self._shares = Shares(max_windows)
        self._forgotten = forgotten
        self._by_period: dict[int, deque[Window]] = {}
        """Windows in the order in which they began, which is that of their ends. Those that an
        earlier process began may end sooner, and go a little late."""
        self._rotation: deque[int] = deque()
        """The periods, the one to look at next first."""

    def __len__(self) -> int:
        """How many are held, those that have begun again counted twice."""
        return sum(map(len, self._by_period.values()))

    def take(self, name: QuotaWindow, now: MonotonicTime) -> bool:
        """Take a place for a window of that name, if its policy's share allows another one."""
        owner = policy_of(name)
        return self._shares.take(owner) or (
            self.room(name, 1, now) > 0 and self._shares.take(owner)
        )

    def room(self, name: QuotaWindow, wanted: int, now: MonotonicTime) -> int:
        """How many windows the policy of that name may begin: as many as wanted, or fewer."""
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
        """Let go of a place that was taken for nothing."""
        self._shares.give_back(policy_of(name))

    def enter(self, window: Window, ended: Window | None, now: MonotonicTime) -> None:
        """Hold a window that begins, in the place of the one that has ended or in one taken for it.

        Forgets a few ended ones: no charge pays for many.
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
        """Forget the oldest window of the next period if it has ended, and the period if empty."""
        period = self._rotation[0]
        queue = self._by_period[period]
        self._forget_ended(queue, now)
        if queue:
            self._rotation.rotate(-1)
        else:
            del self._by_period[period]
            self._rotation.popleft()

    def _forget_ended(self, queue: deque[Window], now: MonotonicTime) -> bool:
        """Drop the oldest window of a period if it has ended; tells whether it had."""
        if not queue or queue[0].ends_at > now:
            return False
        window = queue.popleft()
        window.let_go()
        if window.is_latest:
            self._shares.give_back(policy_of(window.name))
            self._forgotten(window)
        return True
