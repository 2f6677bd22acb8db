"""Fixed windows, as the store in memory charges them."""

from adapter.policy.effects.quota import Charge, QuotaState, QuotaWindow
from adapter.policy.verdicts import CONTINUE
from support.defaults import memory_quotas
from tests.rig.clock import ManualClock

TWO_A_SECOND = (2, 1_000, "k")
HOURLY = (9, 3_600_000, "k")


class Counter:
    """A store whose time the test moves; each charge is another Check."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self._store = memory_quotas(self.clock)
        self._checks = 0

    def charge(self, *windows: QuotaWindow, figures: bool = True) -> QuotaState:
        """Charge those windows."""
        self._checks += 1
        charge = Charge(windows, lambda _: CONTINUE, figures=figures)
        return self._store.charge(str(self._checks), charge)


def test_the_first_request_begins_a_window() -> None:
    """It counts as one and the window lasts one period."""
    assert Counter().charge(TWO_A_SECOND) == QuotaState(True, (1,), (1_000,))


def test_a_running_window_counts_on() -> None:
    """Later requests do not move its end."""
    counter = Counter()
    counter.charge(TWO_A_SECOND)
    counter.clock.time_s += 0.75
    assert counter.charge(TWO_A_SECOND) == QuotaState(True, (0,), (250,))


def test_a_full_window_refuses_until_it_ends() -> None:
    """At its very end the next one begins."""
    counter = Counter()
    counter.charge(TWO_A_SECOND)
    counter.charge(TWO_A_SECOND)
    counter.clock.time_s += 0.9999
    assert counter.charge(TWO_A_SECOND) == QuotaState(False, (0,), (1,))
    counter.clock.time_s += 0.0001
    assert counter.charge(TWO_A_SECOND) == QuotaState(True, (1,), (1_000,))


def test_one_full_window_refuses_for_all() -> None:
    """The others tell what they have left, unchanged."""
    counter = Counter()
    counter.charge(TWO_A_SECOND)
    counter.charge(TWO_A_SECOND)
    counter.clock.time_s += 0.5
    refused = QuotaState(False, (0, 9), (500, 3_600_000))
    assert counter.charge(TWO_A_SECOND, HOURLY) == refused


def test_the_time_left_is_exact_however_long_the_machine_runs() -> None:
    """Floating point does not turn a second into 1001 milliseconds."""
    for start in (1.1, 12_345.678, 98_765_432.1):
        counter = Counter()
        counter.clock.time_s = start
        assert counter.charge(TWO_A_SECOND).reset_ms == (1_000,)


def test_without_limits_there_is_nothing_to_refuse() -> None:
    """An empty charge is admitted."""
    assert Counter().charge() == QuotaState(True, (), ())


def test_what_nobody_wants_to_know_is_not_worked_out_and_counts_all_the_same() -> None:
    """The charge is the same; a refusal always says for how long."""
    counter = Counter()
    for _ in range(2):
        assert counter.charge(TWO_A_SECOND, figures=False).admitted
    assert counter.charge(TWO_A_SECOND, figures=False) == QuotaState(False, (0,), (1_000,))


def test_a_retry_learns_what_is_left_even_if_the_first_try_did_not_ask() -> None:
    """An admin may begin to expose a limit between a Check and its retry."""
    store = memory_quotas(ManualClock())
    unseen = Charge((TWO_A_SECOND,), lambda _: CONTINUE, figures=False)
    for _ in range(2):
        store.charge("1", unseen)
    assert store.charge("1", Charge(unseen.windows, unseen.settled)).remaining == (1,)
