"""The store in memory: what it holds, and what happens when it is full."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.catalog import RateLimit
from adapter.policy.contracts.contract import Contract
from adapter.policy.effects.quota import Charge
from adapter.policy.verdicts import CONTINUE
from adapter.quota.memory.store import MemoryQuotaStore
from adapter.quota.memory.windows import FixedWindow
from support.defaults import memory_quotas
from tests.rig.clock import ManualClock

SECOND = RateLimit(5, 1_000)


def a_charge(
    *keys: str,
    limit: tuple[int, int] = SECOND,
    figures: bool = True,
    contract: Contract | None = None,
) -> Charge:
    """A charge of one window for each key."""
    windows = tuple((*limit, key) for key in keys)
    return Charge(windows, lambda _: CONTINUE, figures=figures, contract=contract)


def test_a_full_store_refuses_new_keys_and_keeps_the_running_ones() -> None:
    """Many keys cannot make the adapter forget anyone's count, nor grow without bound."""
    store = MemoryQuotaStore(ManualClock(), max_windows=2)
    store.charge("1", a_charge("a"))
    store.charge("2", a_charge("b"))
    for n in range(3):
        state = store.charge(f"3{n}", a_charge("c"))
        assert (state.admitted, "quota.max_windows" in state.unknown) == (False, True)
    assert (len(store), store.overloads) == (2, 3)
    assert store.charge("4", a_charge("a")).remaining == (3,)


def test_a_charge_that_finds_no_room_charges_nothing() -> None:
    """All windows or none, here too."""
    store = MemoryQuotaStore(ManualClock(), max_windows=1)
    store.charge("1", a_charge("a"))
    assert store.charge("2", a_charge("a", "b")).unknown
    assert store.charge("3", a_charge("a")).remaining == (3,)


def test_ended_windows_make_room() -> None:
    """A full store recovers by itself."""
    clock = ManualClock()
    store = MemoryQuotaStore(clock, max_windows=3)
    store.charge("1", a_charge("a", "b", "c"))
    clock.time_s += 1
    store.charge("2", a_charge("d", "e", "f"))
    assert (len(store), store.overloads) == (3, 0)


def test_a_window_that_began_again_is_not_forgotten_with_its_former_self() -> None:
    """Making room takes ended windows only."""
    clock = ManualClock()
    store = MemoryQuotaStore(clock, max_windows=2)
    store.charge("1", a_charge("a"))
    clock.time_s += 1
    store.charge("2", a_charge("a"))
    store.charge("3", a_charge("b"))
    assert store.charge("4", a_charge("c")).unknown
    assert store.charge("5", a_charge("a")).remaining == (3,)


def test_keys_that_come_once_do_not_pile_up() -> None:
    """A stream of new keys leaves about as many counters as run at a time."""
    clock = ManualClock()
    store = memory_quotas(clock)
    for n in range(1_000):
        store.charge(f"{n}", a_charge(f"key {n}"))
        clock.time_s += 0.25
    assert len(store) <= 8
    assert sum(map(len, booked(store))) <= 8


def test_a_key_that_comes_for_ever_leaves_no_trail() -> None:
    """Windows that begin again and again do not grow the store's own books."""
    clock = ManualClock()
    store = memory_quotas(clock)
    for n in range(1_000):
        store.charge(f"{n}", a_charge("a"))
        clock.time_s += 1
    assert len(store) == 1
    assert sum(map(len, booked(store))) <= 2


def test_windows_of_a_limit_that_is_no_more_go_as_well() -> None:
    """An admin's new period leaves nothing of the old one, once that has ended."""
    clock = ManualClock()
    store = memory_quotas(clock)
    for n in range(5):
        store.charge("", a_charge(f"{n}", limit=(5, 1_000)))
    clock.time_s += 2
    for n in range(5):
        store.charge("", a_charge(f"{n}", limit=(5, 60_000)))
    assert len(store) == sum(map(len, booked(store))) == 5


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from([(1, 1_000), (2, 3_000)]), st.booleans(),
            st.sampled_from([0.0, 0.4, 1.0, 2.5]),
        )
    )
)  # fmt: skip
def test_what_is_held_is_what_runs(
    steps: list[tuple[str, tuple[int, int], bool, float]],
) -> None:
    """With and without figures and contracts: the same answers, no window is lost or held twice."""
    clock = ManualClock()
    store, plain = MemoryQuotaStore(clock, max_windows=4), memory_quotas(clock)
    contracts = {"a": None, "b": Contract("k1", "c1"), "c": Contract("k2", "c2")}
    for key, limit, figures, wait_s in steps:
        charge = a_charge(key, limit=limit, figures=figures, contract=contracts[key])
        state = store.charge("", charge)
        if not state.unknown:
            expected = plain.charge("", a_charge(key, limit=limit))
            assert state.admitted == expected.admitted
            if figures:
                assert state == expected
        clock.time_s += wait_s
        latest = [w for queue in booked(store) for w in queue if w.is_latest]
        assert {w.name: w for w in latest} == store.windows
        assert len(latest) == len(store) <= 4


def test_a_contract_leads_to_the_windows_of_one_store_only() -> None:
    """Two stores in a process, or two limits of one contract, do not take each other's."""
    agreed = Contract("k1", "c1")
    stores = [memory_quotas(ManualClock()) for _ in range(2)]
    charges = [
        a_charge("a", limit=limit, figures=False, contract=agreed) for limit in ((1, 1_000), SECOND)
    ]
    admitted = [
        [store.charge("", charge).admitted for _ in range(3)]
        for store in stores
        for charge in charges
    ]
    assert admitted == [[True, False, False], [True, True, True]] * 2


def test_a_forgotten_window_leaves_nothing_at_its_contract() -> None:
    """Or a million clients that came once would hold a million windows that have ended."""
    clock = ManualClock()
    store, agreed = memory_quotas(clock), Contract("k1", "c1")
    store.charge("", a_charge("a", figures=False, contract=agreed))
    assert agreed.counter is not None
    clock.time_s += 1
    store.charge("", a_charge("b"))
    assert agreed.counter is None


def booked(store: MemoryQuotaStore) -> list[deque[FixedWindow]]:
    """Windows in the store's own books."""
    return [*store._queues._by_period.values()]


def test_the_same_limit_twice_counts_once() -> None:
    """A configuration that repeats itself is no trap."""
    store = memory_quotas(ManualClock())
    assert store.charge("1", a_charge("a", "a")).remaining == (4, 4)
    assert store.charge("2", a_charge("a", "a")).remaining == (3, 3)
