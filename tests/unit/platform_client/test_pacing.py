"""When the platform is asked again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.platform_client.pacing import Backoff, Interval
from tests.rig.clock import FakeClock


def test_waits_double_up_to_the_cap() -> None:
    """A platform in trouble is asked less and less, but never given up."""
    backoff = Backoff(15, 100, lambda: 1.0)
    assert [backoff.failed() for _ in range(5)] == [15, 30, 60, 100, 100]
    backoff.succeeded()
    assert backoff.failed() == 15


@pytest.mark.parametrize(("asked", "waited"), [(None, 15), (3.0, 15), (40.0, 40), (1e9, 100)])
def test_retry_after_is_a_floor_below_the_cap(asked: float | None, waited: float) -> None:
    """What the platform asks for is honoured; an absurd wish does not stop the sync."""
    assert Backoff(15, 100, lambda: 1.0).failed(asked) == waited


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=30))
def test_waits_are_random_within_bounds(chances: list[float]) -> None:
    """Replicas spread out; no wait is shorter than half the first one or longer than the cap."""
    draws = iter(chances)
    backoff = Backoff(15, 300, lambda: next(draws))
    assert all(7.5 <= backoff.failed() <= 300 for _ in chances)


async def test_an_interval_is_due_at_first_and_then_each_period() -> None:
    """What happens every minute happens at the start, too."""
    clock = FakeClock()
    interval = Interval(60, clock)
    assert interval.due
    interval.done()
    assert not interval.due
    await clock.advance(60)
    assert interval.due
    interval.done()
    interval.expire()
    assert interval.due
