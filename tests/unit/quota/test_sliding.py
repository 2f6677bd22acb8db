"""The sliding window: never more than the limit in any stretch of a period."""

from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.catalog import RateLimit
from adapter.quota.sliding import SlidingWindow
from adapter.runtime.clock import MonotonicTime

PERIOD = 1_024
"""Ticks of a period: 1/1,024 s is exact in binary, so that these tests do not round."""
GAPS = st.lists(st.integers(0, PERIOD // 2), max_size=60)


def admitted(window: SlidingWindow, gaps: list[int]) -> list[int]:
    """When requests with those gaps were admitted, in ticks."""
    times, now = [], 0
    for gap in gaps:
        now += gap
        if window.ask(MonotonicTime(now / PERIOD)).admitted:
            times.append(now)
    return times


@given(GAPS, st.integers(1, 8), st.sampled_from([1, 2, 4, 1_024]))
def test_no_stretch_of_a_period_has_more_than_the_limit(
    gaps: list[int], maximum: int, slots: int
) -> None:
    """Wherever it begins, and however coarsely times are remembered."""
    times = admitted(SlidingWindow(RateLimit(maximum, 1_000), slots), gaps)
    for begin in times:
        assert sum(begin <= time < begin + PERIOD for time in times) <= maximum


@given(GAPS, st.integers(1, 8))
def test_a_small_limit_is_used_to_the_full(gaps: list[int], maximum: int) -> None:
    """Nobody is refused while there is room."""
    expected: list[int] = []
    now = 0
    for gap in gaps:
        now += gap
        if sum(now - time < PERIOD for time in expected) < maximum:
            expected.append(now)
    assert admitted(SlidingWindow(RateLimit(maximum, 1_000)), gaps) == expected


def test_it_tells_when_there_is_room_again() -> None:
    """Who waits that long is admitted, if nobody else came."""
    window = SlidingWindow(RateLimit(1, 1_000))
    window.ask(MonotonicTime(5.0))
    refused = window.ask(MonotonicTime(5.25))
    assert (refused.admitted, refused.remaining, refused.reset_ms) == (False, (0,), (750,))
    assert window.ask(MonotonicTime(6.0)).admitted


def test_a_large_limit_takes_little_memory() -> None:
    """A million requests are not a million times; they are all counted."""
    window = SlidingWindow(RateLimit(10_000, 1_000), max_slots=8)
    count = sum(window.ask(MonotonicTime(n / 20_000)).admitted for n in range(20_000))
    assert count == 10_000
    assert len(window) <= 9
