"""Spike control in this process: admit, let wait, or refuse."""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, Final

from adapter.policy.catalog import RateLimit
from adapter.policy.effects import QuotaState, QuotaWindow, Throttle
from adapter.quota.memory.idempotency import RecentCharges
from adapter.quota.sliding import SlidingWindow
from adapter.runtime.clock import Clock, MonotonicTime
from adapter.runtime.shares import Shares

ANSWER_MARGIN_S: Final = 0.01
"""What an answer needs to reach Envoy before it gives up."""


class _Line:
    """One policy's window, and how many requests stand in line for it."""

    def __init__(self, window: QuotaWindow) -> None:
        self.name = (window,)
        self.window = SlidingWindow(RateLimit(window[0], window[1]))
        self.waiting = 0


class SpikeThrottle:
    """An `authorization.ports.Throttler`: a window and a line for each spike-control policy.

    At most `max_waiting` requests wait over all policies, whatever their own limits allow, and each
    policy has a share of these places (`Shares`); a request that finds none is refused, and
    `overloads` counts it. Windows in which nothing counts any more
    go when a new one comes, so there are no more of them than policies in use.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        max_waiting: int = 10_000,
        max_recent: int = 8_192,
        recent_s: float = 10.0,
    ) -> None:
        self._clock = clock
        self._places = Shares(max_waiting)
        self._lines: dict[QuotaWindow, _Line] = {}
        self._recent = RecentCharges(max_recent, recent_s)
        self.waiting = 0
        """Requests that wait now."""
        self.overloads = 0
        """Requests refused because their policy's share of the waiting places was used up."""

    def __len__(self) -> int:
        """How many windows are held."""
        return len(self._lines)

    def throttle(
        self, check_id: str, throttle: Throttle, wait_at_most_s: float | None
    ) -> QuotaState | Awaitable[QuotaState]:
        """See `Throttler.throttle`."""
        now = self._clock.monotonic()
        line = self._line(throttle, now)
        state = self._ask(check_id, line, now)
        if state.admitted or not throttle.attempts or line.waiting >= throttle.waiting_limit:
            return state
        until = None if wait_at_most_s is None else now + wait_at_most_s - ANSWER_MARGIN_S
        if until is not None and now + throttle.delay_s > until:
            return state
        return _Place(partial(self._wait, check_id, throttle, line, until))

    async def _wait(
        self, check_id: str, throttle: Throttle, line: _Line, until: float | None
    ) -> QuotaState:
        """Stand in line, if there is still room, and ask again after each delay."""
        state = line.window.state(self._clock.monotonic(), admitted=False)
        if line.waiting >= throttle.waiting_limit:
            return state
        if not self._places.take(line.name):
            self.overloads += 1
            return state
        line.waiting += 1
        self.waiting += 1
        try:
            for _ in range(throttle.attempts):
                if until is not None and self._clock.monotonic() + throttle.delay_s > until:
                    break
                await self._clock.sleep(throttle.delay_s)
                state = self._ask(check_id, line, self._clock.monotonic())
                if state.admitted:
                    break
        finally:
            line.waiting -= 1
            self.waiting -= 1
            self._places.give_back(line.name)
        return state

    def _ask(self, check_id: str, line: _Line, now: MonotonicTime) -> QuotaState:
        """Admit if there is room; a Check that Envoy retries is not counted again."""
        known = self._recent.find(check_id, line.name, now)
        if known is not None:
            return known
        state = line.window.ask(now)
        if state.admitted:
            self._recent.add(check_id, line.name, state)
        return state

    def _line(self, throttle: Throttle, now: MonotonicTime) -> _Line:
        line = self._lines.get(throttle.window)
        if line is None:
            for window in [w for w, other in self._lines.items() if _is_idle(other, now)]:
                del self._lines[window]
            line = self._lines[throttle.window] = _Line(throttle.window)
        return line


def _is_idle(line: _Line, now: MonotonicTime) -> bool:
    return not line.waiting and line.window.is_empty(now)


class _Place:
    """A place in line that is taken when it is awaited.

    An object rather than a coroutine, because a call that Envoy cancels before it waits must leave
    nothing behind.
    """

    def __init__(self, take: Callable[[], Coroutine[Any, Any, QuotaState]]) -> None:
        self._take = take

    def __await__(self) -> Generator[Any, None, QuotaState]:
        return self._take().__await__()
