"""Spike control: who is admitted, who waits, who is refused."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.effects.quota import QuotaState, Throttle
from adapter.policy.verdicts import CONTINUE
from adapter.quota.spike import ANSWER_MARGIN_S, SpikeThrottle
from tests.rig.clock import FakeClock


def a_throttle(
    maximum: int = 1,
    period_ms: int = 1_000,
    *,
    key: str = "k",
    delay_s: float = 0.4,
    attempts: int = 1,
    waiting_limit: int = 5,
) -> Throttle:
    """The effect of a policy with those settings."""
    window = (maximum, period_ms, key)
    return Throttle(window, delay_s, attempts, waiting_limit, lambda _: CONTINUE)


@dataclass
class Scene:
    """Requests that come while time is under the test's control."""

    clock: FakeClock = field(default_factory=FakeClock)
    max_waiting: int = 100

    def __post_init__(self) -> None:
        self.spikes = SpikeThrottle(self.clock, max_waiting=self.max_waiting)
        self._checks = 0

    def now(self, throttle: Throttle, timeout_s: float | None = None, check_id: str = "") -> bool:
        """A request that is answered at once; whether it is admitted."""
        state = self._ask(throttle, timeout_s, check_id)
        assert isinstance(state, QuotaState)
        return state.admitted

    def later(
        self, throttle: Throttle, timeout_s: float | None = None, check_id: str = ""
    ) -> asyncio.Task[QuotaState]:
        """A request that has to wait."""
        pending = self._ask(throttle, timeout_s, check_id)
        assert not isinstance(pending, QuotaState)

        async def wait() -> QuotaState:
            return await pending

        return asyncio.create_task(wait())

    def _ask(
        self, throttle: Throttle, timeout_s: float | None, check_id: str
    ) -> QuotaState | Awaitable[QuotaState]:
        self._checks += 1
        return self.spikes.throttle(check_id or str(self._checks), throttle, timeout_s)


async def test_the_vendors_example() -> None:
    """Two a second, one retry after 499 ms: the timeline of the vendor's page on spike control."""
    scene, throttle = Scene(), a_throttle(2, delay_s=0.499)
    assert scene.now(throttle)
    await scene.clock.advance(0.4)
    assert scene.now(throttle)
    await scene.clock.advance(0.15)
    third = scene.later(throttle)
    await scene.clock.advance(0.05)
    fourth = scene.later(throttle)
    await scene.clock.advance(0.6)
    assert third.result().admitted
    assert not fourth.result().admitted
    await scene.clock.advance(0.25)
    assert scene.now(throttle)


async def test_a_request_asks_again_as_often_as_configured() -> None:
    """It is admitted at the first attempt that finds room."""
    scene = Scene()
    throttle = a_throttle(delay_s=0.3, attempts=5)
    assert scene.now(throttle)
    waiting = scene.later(throttle)
    await scene.clock.advance(0.9)
    assert not waiting.done()
    await scene.clock.advance(0.3)
    assert waiting.result().admitted
    assert scene.spikes.waiting == 0


async def test_after_the_last_attempt_it_is_refused() -> None:
    """With the time until there is room."""
    scene = Scene()
    throttle = a_throttle(period_ms=10_000, delay_s=0.5, attempts=2)
    assert scene.now(throttle)
    waiting = scene.later(throttle)
    await scene.clock.advance(1.0)
    assert waiting.result() == QuotaState(admitted=False, remaining=(0,), reset_ms=(9_000,))


@pytest.mark.parametrize(
    "throttle", [a_throttle(waiting_limit=0), a_throttle(attempts=0)], ids=["queue", "attempts"]
)
async def test_where_waiting_is_off_the_answer_comes_at_once(throttle: Throttle) -> None:
    """The vendor's defaults let nobody wait."""
    scene = Scene()
    assert scene.now(throttle)
    assert not scene.now(throttle)


async def test_no_more_wait_than_the_queue_takes() -> None:
    """The next one is refused at once, and may wait when one has left."""
    scene, throttle = Scene(), a_throttle(waiting_limit=2)
    assert scene.now(throttle)
    waiting = [scene.later(throttle) for _ in range(2)]
    await scene.clock.settle()
    assert scene.spikes.waiting == 2
    assert not scene.now(throttle)
    await scene.clock.advance(0.4)
    assert all(task.done() for task in waiting)
    waiting.append(scene.later(throttle))
    await scene.clock.advance(0.4)
    assert [task.result().admitted for task in waiting] == [False, False, False]


async def test_those_that_come_in_one_instant_cannot_overfill_the_queue() -> None:
    """Who asked before the others stood in line is refused when its turn comes."""
    scene, throttle = Scene(), a_throttle(delay_s=1, waiting_limit=2)
    assert scene.now(throttle)
    waiting = [scene.later(throttle) for _ in range(5)]
    await scene.clock.settle()
    assert scene.spikes.waiting == 2
    assert sum(task.done() for task in waiting) == 3
    await scene.clock.advance(1)
    assert sum(task.result().admitted for task in waiting) == 1


async def test_all_policies_together_have_a_bound() -> None:
    """Whatever admins configure, the adapter holds so many requests and no more."""
    scene = Scene(max_waiting=1)
    for key in ("a", "b"):
        assert scene.now(a_throttle(key=key))
    tasks = [scene.later(a_throttle(key=key)) for key in ("a", "b")]
    await scene.clock.settle()
    assert (scene.spikes.waiting, scene.spikes.overloads) == (1, 1)
    await scene.clock.advance(0.4)
    assert not any(task.result().admitted for task in tasks)


async def test_requests_that_wait_for_one_policy_leave_places_for_another() -> None:
    """A policy with a long line cannot take the waiting places of all APIs."""
    scene = Scene(max_waiting=4)
    crowded, other = a_throttle(key="a", waiting_limit=100), a_throttle(key="b")
    assert scene.now(crowded)
    assert scene.now(other)
    for _ in range(10):
        scene.later(crowded)
    await scene.clock.settle()
    assert (scene.spikes.waiting, scene.spikes.overloads) == (2, 8)
    scene.later(other)
    await scene.clock.settle()
    assert (scene.spikes.waiting, scene.spikes.overloads) == (3, 8)
    await scene.clock.advance(10)
    assert scene.spikes.waiting == 0


@pytest.mark.parametrize(("timeout_s", "waits"), [(0.2, False), (0.4, False), (0.5, True)])
async def test_a_delay_that_does_not_fit_into_envoys_deadline_is_a_refusal_at_once(
    timeout_s: float, *, waits: bool
) -> None:
    """Envoy would give up on the Check, and turn a 429 into an error."""
    scene, throttle = Scene(), a_throttle(delay_s=0.4)
    assert scene.now(throttle)
    if waits:
        task = scene.later(throttle, timeout_s)
        await scene.clock.advance(timeout_s)
        assert not task.result().admitted
    else:
        assert not scene.now(throttle, timeout_s)


async def test_no_attempt_is_made_after_the_deadline() -> None:
    """Of ten attempts those are made that fit; the answer is in time."""
    scene = Scene()
    throttle = a_throttle(period_ms=60_000, delay_s=0.1, attempts=10)
    assert scene.now(throttle)
    task = scene.later(throttle, timeout_s=0.35)
    await scene.clock.advance(0.35 - ANSWER_MARGIN_S)
    assert task.done()


async def test_a_check_that_envoy_retries_is_admitted_once() -> None:
    """Whether it was admitted at once or after waiting."""
    scene, throttle = Scene(), a_throttle(2, delay_s=1, attempts=1)
    assert scene.now(throttle, check_id="a")
    assert scene.now(throttle, check_id="a")
    assert scene.now(throttle, check_id="b")
    first, again = (scene.later(throttle, check_id="c") for _ in range(2))
    await scene.clock.advance(1)
    assert (first.result().admitted, again.result().admitted) == (True, True)
    assert scene.now(throttle, check_id="d")


async def test_a_check_that_envoy_gives_up_leaves_its_place() -> None:
    """Before it began to wait, and while it waits."""
    scene, throttle = Scene(), a_throttle(waiting_limit=1)
    assert scene.now(throttle)
    early = scene.later(throttle)
    early.cancel()
    await scene.clock.settle()
    late = scene.later(throttle)
    await scene.clock.settle()
    assert scene.spikes.waiting == 1
    late.cancel()
    await scene.clock.settle()
    assert scene.spikes.waiting == 0
    task = scene.later(throttle)
    await scene.clock.advance(0.4)
    assert task.done()


async def test_windows_that_nothing_counts_in_go() -> None:
    """Policies that were edited or removed leave nothing behind."""
    scene = Scene()
    for maximum in range(1, 50):
        assert scene.now(a_throttle(maximum))
        await scene.clock.advance(1)
    assert len(scene.spikes) == 1


async def test_policies_do_not_share_a_window() -> None:
    """One API's spike is not another's."""
    scene = Scene()
    assert scene.now(a_throttle(key="a", waiting_limit=0))
    assert scene.now(a_throttle(key="b", waiting_limit=0))
    assert not scene.now(a_throttle(key="a", waiting_limit=0))


@given(
    gaps_ms=st.lists(st.integers(0, 300), max_size=30),
    maximum=st.integers(1, 4),
    delay_ms=st.integers(1, 700),
    attempts=st.integers(0, 3),
    waiting_limit=st.integers(0, 4),
)
def test_whatever_waits_no_stretch_of_a_period_has_more_than_the_limit(
    gaps_ms: list[int], maximum: int, delay_ms: int, attempts: int, waiting_limit: int
) -> None:
    """Requests that waited count like any other, when they are admitted."""
    throttle = a_throttle(
        maximum, delay_s=delay_ms / 1000, attempts=attempts, waiting_limit=waiting_limit
    )
    clock = FakeClock()
    admitted: list[float] = []

    async def request(spikes: SpikeThrottle, check_id: str) -> None:
        outcome = spikes.throttle(check_id, throttle, None)
        state = outcome if isinstance(outcome, QuotaState) else await outcome
        if state.admitted:
            admitted.append(clock.monotonic())

    async def run() -> int:
        spikes = SpikeThrottle(clock)
        tasks = []
        for n, gap in enumerate(gaps_ms):
            await clock.advance(gap / 1000)
            tasks.append(asyncio.create_task(request(spikes, str(n))))
            await clock.settle()
            assert spikes.waiting <= waiting_limit
        await clock.advance(10)
        await asyncio.gather(*tasks)
        return spikes.waiting

    assert asyncio.run(run()) == 0
    for begin in admitted:
        assert sum(begin <= time < begin + 1 - 1e-6 for time in admitted) <= maximum
