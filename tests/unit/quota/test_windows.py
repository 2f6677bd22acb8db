"""Fixed windows, as arithmetic."""

from adapter.clock import MonotonicTime
from adapter.policy.catalog import RateLimit
from adapter.policy.decision import QuotaState, QuotaWindow
from adapter.quota.windows import Window, WindowKey, charge_windows

TWO_A_SECOND = QuotaWindow(("k",), RateLimit(2, 1_000))
NAME: WindowKey = (("k",), 2, 1_000)


def at(seconds: float) -> MonotonicTime:
    """A moment."""
    return MonotonicTime(seconds)


def test_the_first_request_begins_a_window() -> None:
    """It counts as one and the window lasts one period."""
    state, charged = charge_windows({}, [TWO_A_SECOND], at(5.5))
    assert state == QuotaState(admitted=True, remaining=(1,), reset_ms=(1_000,))
    assert charged == {NAME: Window(at(6.5), 1)}


def test_a_running_window_counts_on() -> None:
    """Later requests do not move its end."""
    state, charged = charge_windows({NAME: Window(at(6.5), 1)}, [TWO_A_SECOND], at(6.25))
    assert state == QuotaState(admitted=True, remaining=(0,), reset_ms=(250,))
    assert charged == {NAME: Window(at(6.5), 2)}


def test_a_full_window_refuses_until_it_ends() -> None:
    """At its very end the next one begins."""
    full = {NAME: Window(at(6.5), 2)}
    state, _ = charge_windows(full, [TWO_A_SECOND], at(6.4999))
    assert state == QuotaState(admitted=False, remaining=(0,), reset_ms=(1,))
    state, _ = charge_windows(full, [TWO_A_SECOND], at(6.5))
    assert state == QuotaState(admitted=True, remaining=(1,), reset_ms=(1_000,))


def test_one_full_window_refuses_for_all() -> None:
    """The others tell what they have left, unchanged."""
    hourly = QuotaWindow(("k",), RateLimit(9, 3_600_000))
    state, _ = charge_windows({NAME: Window(at(6.5), 2)}, [TWO_A_SECOND, hourly], at(6))
    assert state == QuotaState(admitted=False, remaining=(0, 9), reset_ms=(500, 3_600_000))


def test_the_time_left_is_exact_however_long_the_machine_runs() -> None:
    """Floating point does not turn a second into 1001 milliseconds."""
    for start in (1.1, 12_345.678, 98_765_432.1):
        state, _ = charge_windows({}, [TWO_A_SECOND], at(start))
        assert state.reset_ms == (1_000,)


def test_without_limits_there_is_nothing_to_refuse() -> None:
    """An empty charge is admitted."""
    assert charge_windows({}, [], at(0)) == (QuotaState(True, (), ()), {})
