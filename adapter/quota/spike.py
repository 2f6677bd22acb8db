"""Spike control in this process: admits requests, lets them wait, or refuses them."""

from collections.abc import Awaitable
from functools import partial
from typing import Final

from adapter.policy.catalog import RateLimit
from adapter.policy.effects.quota import QuotaState, QuotaWindow, Throttle
from adapter.quota.memory.idempotency import REMEMBERED_CHECKS, REMEMBERED_S, RecentCharges
from adapter.quota.sliding import SlidingWindow
from adapter.runtime.clock import Clock, MonotonicTime
from adapter.runtime.deferred import Deferred
from adapter.runtime.shares import Shares

ANSWER_MARGIN_S: Final = 0.01
"""The time that an answer needs to reach Envoy."""


class _ThrottledPolicy:
    """The window of one policy, and the number of requests that wait for it."""

    def __init__(self, window: QuotaWindow) -> None:
        self.name = (window,)
        self.window = SlidingWindow(RateLimit(window[0], window[1]))
        self.waiting = 0


class SpikeThrottle:
    """A `Throttler` with a sliding window for each spike-control policy.

    At most `max_waiting` requests wait, over all policies, even if the policies' own limits allow
    more. Each policy has a share of these places (`Shares`). A request that gets no place is
    refused, and `overloads` counts it. When a new window is added, windows in which nothing counts
    any more are dropped. So there are no more windows than policies in use.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        max_waiting: int = 10_000,
        max_recent: int = REMEMBERED_CHECKS,
        recent_s: float = REMEMBERED_S,
    ) -> None:
        self._clock = clock
        self._places = Shares(max_waiting)
        self._policies: dict[QuotaWindow, _ThrottledPolicy] = {}
        self._recent = RecentCharges(max_recent, recent_s)
        self.waiting = 0
        """Requests that wait now."""
        self.overloads = 0
        """Requests refused because their policy had used up its share of the waiting places."""

    def __len__(self) -> int:
        """The number of windows."""
        return len(self._policies)

    def throttle(
        self, check_id: str, throttle: Throttle, wait_at_most_s: float | None
    ) -> QuotaState | Awaitable[QuotaState]:
        """See `Throttler.throttle`."""
        now = self._clock.monotonic()
        policy = self._policy(throttle, now)
        state = self._ask(check_id, policy, now)
        if state.admitted or not throttle.attempts or policy.waiting >= throttle.waiting_limit:
            return state
        until = None if wait_at_most_s is None else now + wait_at_most_s - ANSWER_MARGIN_S
        if until is not None and now + throttle.delay_s > until:
            return state
        return Deferred(partial(self._wait, check_id, throttle, policy, until))

    async def _wait(
        self, check_id: str, throttle: Throttle, policy: _ThrottledPolicy, until: float | None
    ) -> QuotaState:
        """Wait if there is a place, and ask again after each delay."""
        state = policy.window.state(self._clock.monotonic(), admitted=False)
        if policy.waiting >= throttle.waiting_limit:
            return state
        if not self._places.take(policy.name):
            self.overloads += 1
            return state
        policy.waiting += 1
        self.waiting += 1
        try:
            for _ in range(throttle.attempts):
                if until is not None and self._clock.monotonic() + throttle.delay_s > until:
                    break
                await self._clock.sleep(throttle.delay_s)
                state = self._ask(check_id, policy, self._clock.monotonic())
                if state.admitted:
                    break
        finally:
            policy.waiting -= 1
            self.waiting -= 1
            self._places.give_back(policy.name)
        return state

    def _ask(self, check_id: str, policy: _ThrottledPolicy, now: MonotonicTime) -> QuotaState:
        """Admit if there is room. A Check that Envoy retries is not counted again."""
        known = self._recent.find(check_id, policy.name, now)
        if known is not None:
            return known
        state = policy.window.ask(now)
        if state.admitted:
            self._recent.add(check_id, policy.name, state)
        return state

    def _policy(self, throttle: Throttle, now: MonotonicTime) -> _ThrottledPolicy:
        policy = self._policies.get(throttle.window)
        if policy is None:
            for window in [w for w, other in self._policies.items() if _is_idle(other, now)]:
                del self._policies[window]
            policy = self._policies[throttle.window] = _ThrottledPolicy(throttle.window)
        return policy


def _is_idle(policy: _ThrottledPolicy, now: MonotonicTime) -> bool:
    return not policy.waiting and policy.window.is_empty(now)
