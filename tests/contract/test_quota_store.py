"""What every QuotaStore keeps to, wherever it counts."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from adapter.policy.effects.quota import QuotaState
from adapter.quota.memory.store import MemoryQuotaStore
from tests.contract.benches import BENCHES, Bench, memory_bench, redis_bench
from tests.rig.clock import ManualClock
from tests.rig.quota import a_charge, made
from tests.rig.redis_server import RedisServer

HOUR_MS = 3_600_000


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest, redis_server: RedisServer) -> AsyncIterator[Bench]:
    """Each kind of store in turn."""
    async with BENCHES[request.param](redis_server) as bench:
        yield bench


async def test_no_more_than_the_limit_is_admitted(bench: Bench) -> None:
    """And what is left is told truly."""
    charge = a_charge(("k", 2, HOUR_MS))
    states = [await made(bench.store.charge(f"{n}", charge)) for n in range(4)]
    assert [(s.admitted, s.remaining) for s in states] == [
        (True, (1,)),
        (True, (0,)),
        (False, (0,)),
        (False, (0,)),
    ]


async def test_a_window_ends_one_period_after_its_first_request(bench: Bench) -> None:
    """Then counting starts anew."""
    charge = a_charge(("k", 1, 10 * HOUR_MS))
    assert (await made(bench.store.charge("1", charge))).reset_ms == (10 * HOUR_MS,)
    await bench.hours_pass(9)
    state = await made(bench.store.charge("2", charge))
    assert (state.admitted, state.remaining) == (False, (0,))
    assert 0 < state.reset_ms[0] <= HOUR_MS
    await bench.hours_pass(1)
    assert (await made(bench.store.charge("3", charge))).admitted


async def test_later_requests_do_not_move_the_end(bench: Bench) -> None:
    """A window is fixed: who asks all the time is let in again, too."""
    charge = a_charge(("k", 3, 10 * HOUR_MS))
    for n in range(3):
        assert (await made(bench.store.charge(f"{n}", charge))).remaining == (2 - n,)
        await bench.hours_pass(3)
    await bench.hours_pass(1)
    assert (await made(bench.store.charge("4", charge))).remaining == (2,)


async def test_windows_are_charged_all_or_none(bench: Bench) -> None:
    """A request refused by one limit does not use up another."""
    both = a_charge(("k", 1, HOUR_MS), ("k", 3, 60 * HOUR_MS))
    for n in range(5):
        await made(bench.store.charge(f"{n}", both))
    await bench.hours_pass(1)
    assert (await made(bench.store.charge("9", both))).remaining == (0, 1)


async def test_keys_and_limits_have_windows_of_their_own(bench: Bench) -> None:
    """Another key, or an edited limit, starts at zero."""
    windows = [("a", 1, HOUR_MS), ("b", 1, HOUR_MS), ("a", 2, HOUR_MS), ("a", 1, 2 * HOUR_MS)]
    for n, window in enumerate(windows):
        assert (await made(bench.store.charge(f"{n}", a_charge(window)))).admitted


async def test_one_check_is_charged_once_for_the_same_windows(bench: Bench) -> None:
    """Envoy may retry a Check; the answer stays what it was."""
    charge = a_charge(("k", 2, HOUR_MS))
    first = await made(bench.store.charge("same", charge))
    assert await made(bench.store.charge("same", charge)) == first
    assert (await made(bench.store.charge("other", charge))).remaining == (0,)
    assert await made(bench.store.charge("same", charge)) == first


async def test_one_check_is_charged_for_each_of_its_limits(bench: Bench) -> None:
    """Two policies of one API charge the same Check twice, as they should."""
    store = bench.store
    await made(store.charge("same", a_charge(("a", 5, HOUR_MS))))
    assert (await made(store.charge("same", a_charge(("b", 5, HOUR_MS))))).remaining == (4,)
    assert (await made(store.charge("next", a_charge(("a", 5, HOUR_MS))))).remaining == (3,)


async def test_a_check_without_an_id_is_always_charged(bench: Bench) -> None:
    """Nothing passes uncounted for want of an id."""
    charge = a_charge(("k", 1, HOUR_MS))
    assert (await made(bench.store.charge("", charge))).admitted
    assert not (await made(bench.store.charge("", charge))).admitted


async def test_the_same_limit_twice_counts_once(bench: Bench) -> None:
    """A configuration that repeats itself is no trap."""
    twice = a_charge(("k", 5, HOUR_MS), ("k", 5, HOUR_MS))
    assert (await made(bench.store.charge("1", twice))).remaining == (4, 4)
    assert (await made(bench.store.charge("2", twice))).remaining == (3, 3)


async def test_the_largest_limits_count_exactly(bench: Bench) -> None:
    """No digit is lost where a script counts in floating point."""
    charge = a_charge(("k", 2**53, 366 * 24 * HOUR_MS))
    assert (await made(bench.store.charge("1", charge))).remaining == (2**53 - 1,)
    assert (await made(bench.store.charge("2", charge))).remaining == (2**53 - 2,)


LIMITS = ((1, HOUR_MS), (3, 2 * HOUR_MS), (5, 5 * HOUR_MS))
STEPS = st.one_of(
    st.tuples(
        st.sampled_from(["", "", "", "1", "2"]),
        st.sampled_from("aab"),
        st.lists(st.sampled_from(LIMITS), min_size=1, max_size=3),
    ),
    st.sampled_from([1, 1, 1, 4]),
)


@settings(max_examples=100)
@given(steps=st.lists(STEPS, max_size=25))
def test_memory_and_redis_agree(
    redis_server: RedisServer,
    steps: list[int | tuple[str, str, list[tuple[int, int]]]],
) -> None:
    """The same requests at the same times find the same, wherever they are counted."""

    async def play() -> None:
        async with memory_bench(redis_server) as memory, redis_bench(redis_server) as redis:
            for step in steps:
                if isinstance(step, int):
                    await memory.hours_pass(step)
                    await redis.hours_pass(step)
                    continue
                check_id, key, limits = step
                charge = a_charge(*[(key, *limit) for limit in limits])
                here = await made(memory.store.charge(check_id, charge))
                there = await made(redis.store.charge(check_id, charge))
                assert (there.admitted, there.remaining) == (here.admitted, here.remaining)
                for ours, theirs in zip(here.reset_ms, there.reset_ms, strict=True):
                    assert ours - HOUR_MS < theirs <= ours

    asyncio.run(play())


WINDOWS = (("a", 1, 1_000), ("a", 3, 2_500), ("b", 2, 1_000))
SEVERAL = st.lists(st.sampled_from(WINDOWS), min_size=1, max_size=3, unique=True)


class AnyInterleaving(RuleBasedStateMachine):
    """Requests under several limits, retried and spread over time at random.

    The model keeps the times of all admitted requests and finds the running windows by counting
    from the beginning.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.store = MemoryQuotaStore(
            self.clock, max_windows=4, max_recent_charges=2, recent_s=3_600
        )
        self.admitted: dict[tuple[str, int, int], list[float]] = {w: [] for w in WINDOWS}
        self.answers: dict[object, QuotaState] = {}
        self.checks = 0

    @rule(windows=SEVERAL)
    def a_new_check(self, windows: list[tuple[str, int, int]]) -> None:
        """Is admitted exactly if every limit has room."""
        self.checks += 1
        self._charge(windows)

    @precondition(lambda self: self.checks > 0)
    @rule(windows=SEVERAL)
    def the_same_check_again(self, windows: list[tuple[str, int, int]]) -> None:
        """Is answered as before, or charged for windows that it was not charged for."""
        self._charge(windows)

    @rule(seconds=st.sampled_from([0.1, 0.5, 0.999, 1.0, 2.5]))
    def time_passes(self, seconds: float) -> None:
        """Windows end."""
        self.clock.time_s += seconds

    def _charge(self, windows: list[tuple[str, int, int]]) -> None:
        state = self.store.charge(str(self.checks), a_charge(*windows))
        charge = (self.checks, tuple(windows))
        if charge in self.answers:
            assert state == self.answers[charge]
            return
        left = [window[1] - self._used(window) for window in windows]
        assert state.admitted is all(n > 0 for n in left)
        assert state.remaining == tuple(n - state.admitted for n in left)
        if state.admitted:
            self.answers[charge] = state
            for window in windows:
                self.admitted[window].append(self.clock.time_s)

    def _used(self, window: tuple[str, int, int]) -> int:
        begin, inside = float("-inf"), 0
        for time in [*self.admitted[window], self.clock.time_s]:
            if time >= begin + window[2] / 1000:
                begin, inside = time, 0
            inside += 1
        return inside - 1


AnyInterleaving.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestAnyInterleaving = AnyInterleaving.TestCase
