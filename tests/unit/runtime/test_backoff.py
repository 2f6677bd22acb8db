"""How long to wait after failures in a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.runtime.backoff import Backoff

BASES = st.floats(0.001, 1000)
CAPS = st.floats(0.001, 1000)
JITTERS = st.floats(0, 1, exclude_max=True)
ASKED = st.none() | st.floats(0, 1e12)
MAXIMUM = 1.0


def longest_waits(base_s: float, cap_s: float) -> Backoff:
    """A back-off whose waits are not random but the longest possible ones."""
    return Backoff(base_s, cap_s, lambda: MAXIMUM)


def test_waits_double_up_to_the_cap() -> None:
    """Something in trouble is asked less and less often, but never given up."""
    backoff = longest_waits(15, 100)
    assert [backoff.failed() for _ in range(5)] == [15, 30, 60, 100, 100]
    assert backoff.failures == 5


@given(BASES, CAPS, st.integers(1, 2000))
def test_a_success_starts_again(base_s: float, cap_s: float, failures: int) -> None:
    """After a success the waits are those of a new back-off, however many failures came before."""
    used, new = longest_waits(base_s, cap_s), longest_waits(base_s, cap_s)
    for _ in range(failures):
        used.failed()
    used.succeeded()
    assert used.failures == 0
    assert [used.failed() for _ in range(5)] == [new.failed() for _ in range(5)]


@pytest.mark.parametrize(("asked", "waited"), [(None, 15), (3.0, 15), (40.0, 40), (1e9, 100)])
def test_retry_after_is_a_minimum_below_the_cap(asked: float | None, waited: float) -> None:
    """The other side's wish is honoured; an absurd one does not stop the work."""
    assert longest_waits(15, 100).failed(asked) == waited


@given(BASES, CAPS, st.lists(st.tuples(JITTERS, ASKED), min_size=1, max_size=60))
def test_every_wait_is_within_bounds(
    base_s: float, cap_s: float, failures: list[tuple[float, float | None]]
) -> None:
    """No wait is longer than the cap, or shorter than half the base, the cap and what was asked."""
    draws = iter([jitter for jitter, _ in failures])
    backoff = Backoff(base_s, cap_s, lambda: next(draws))
    for _, asked in failures:
        wait_s = backoff.failed(asked)
        assert wait_s <= cap_s
        assert wait_s >= min(base_s / 2, cap_s / 2)
        assert wait_s >= min(asked or 0.0, cap_s)


@given(BASES, CAPS, JITTERS, JITTERS)
def test_half_of_each_wait_is_random(base_s: float, cap_s: float, low: float, high: float) -> None:
    """Random or not, a wait is between half the longest one at that point and all of it."""
    draws = iter([low, high] * 10)
    random_waits, longest = (
        Backoff(base_s, cap_s, lambda: next(draws)),
        longest_waits(base_s, cap_s),
    )
    for _ in range(20):
        upper = longest.failed()
        assert upper / 2 <= random_waits.failed() <= upper
