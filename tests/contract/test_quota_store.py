"""What every QuotaStore keeps to, wherever it counts."""

import inspect
from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from adapter.authorization.ports import QuotaStore
from adapter.policy.catalog import RateLimit
from adapter.policy.decision import CONTINUE, Charge, QuotaState, QuotaWindow
from adapter.quota.memory import MemoryQuotaStore
from tests.unit.policy.gateway import HandClock

StoreFactory: TypeAlias = Callable[[HandClock], QuotaStore]

STORES: dict[str, StoreFactory] = {"memory": MemoryQuotaStore}
"""Each kind of store by name, made with a clock that it counts by."""


@pytest.fixture(params=list(STORES.values()), ids=list(STORES))
def make_store(request: pytest.FixtureRequest) -> StoreFactory:
    """Every kind of store in turn."""
    return cast(StoreFactory, request.param)


def a_charge(*windows: tuple[str, int, int]) -> Charge:
    """A charge of windows given as (key, requests, milliseconds)."""
    return Charge(
        tuple(QuotaWindow(("7", key), RateLimit(most, ms)) for key, most, ms in windows),
        lambda _: CONTINUE,
    )


async def made(outcome: QuotaState | Awaitable[QuotaState]) -> QuotaState:
    """What a charge found, at once or in a while."""
    return await outcome if inspect.isawaitable(outcome) else outcome


async def test_no_more_than_the_limit_is_admitted(make_store: StoreFactory) -> None:
    """And what is left is told truly."""
    store = make_store(HandClock())
    states = [await made(store.charge(f"{n}", a_charge(("k", 2, 60_000)))) for n in range(4)]
    assert [(s.admitted, s.remaining) for s in states] == [
        (True, (1,)),
        (True, (0,)),
        (False, (0,)),
        (False, (0,)),
    ]


async def test_a_window_ends_one_period_after_its_first_request(make_store: StoreFactory) -> None:
    """Then counting starts anew."""
    clock = HandClock()
    store, charge = make_store(clock), a_charge(("k", 1, 10_000))
    assert (await made(store.charge("1", charge))).reset_ms == (10_000,)
    clock.time_s += 9.5
    assert await made(store.charge("2", charge)) == QuotaState(False, (0,), (500,))
    clock.time_s += 0.5
    assert (await made(store.charge("3", charge))).admitted


async def test_windows_are_charged_all_or_none(make_store: StoreFactory) -> None:
    """A request refused by one limit does not use up another."""
    clock = HandClock()
    store = make_store(clock)
    both = a_charge(("k", 1, 1_000), ("k", 3, 60_000))
    for n in range(5):
        await made(store.charge(f"{n}", both))
    clock.time_s += 1
    assert (await made(store.charge("9", both))).remaining == (0, 1)


async def test_keys_and_limits_have_windows_of_their_own(make_store: StoreFactory) -> None:
    """Another key, or an edited limit, starts at zero."""
    store = make_store(HandClock())
    for n, window in enumerate(
        [("a", 1, 1_000), ("b", 1, 1_000), ("a", 2, 1_000), ("a", 1, 2_000)]
    ):
        assert (await made(store.charge(f"{n}", a_charge(window)))).admitted


async def test_one_check_is_charged_once_for_the_same_windows(make_store: StoreFactory) -> None:
    """Envoy may retry a Check; the answer stays what it was."""
    store, charge = make_store(HandClock()), a_charge(("k", 2, 60_000))
    first = await made(store.charge("same", charge))
    assert await made(store.charge("same", charge)) == first
    assert (await made(store.charge("other", charge))).remaining == (0,)
    assert await made(store.charge("same", charge)) == first


async def test_one_check_is_charged_for_each_of_its_limits(make_store: StoreFactory) -> None:
    """Two policies of one API charge the same Check twice, as they should."""
    store = make_store(HandClock())
    await made(store.charge("same", a_charge(("a", 5, 60_000))))
    assert (await made(store.charge("same", a_charge(("b", 5, 60_000))))).remaining == (4,)
    assert (await made(store.charge("next", a_charge(("a", 5, 60_000))))).remaining == (3,)


async def test_a_check_without_an_id_is_always_charged(make_store: StoreFactory) -> None:
    """Nothing passes uncounted for want of an id."""
    store, charge = make_store(HandClock()), a_charge(("k", 1, 60_000))
    assert (await made(store.charge("", charge))).admitted
    assert not (await made(store.charge("", charge))).admitted


WINDOWS = (("a", 1, 1_000), ("a", 3, 2_500), ("b", 2, 1_000))
SEVERAL = st.lists(st.sampled_from(WINDOWS), min_size=1, max_size=3, unique=True)


class AnyInterleaving(RuleBasedStateMachine):
    """Requests under several limits, retried and spread over time at random.

    The model keeps the times of all admitted requests and finds the running windows by counting
    from the beginning.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.store = MemoryQuotaStore(
            self.clock, max_windows=3, max_recent_charges=2, recent_s=3_600
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
