"""What the sync does every so many seconds."""

from adapter.platform_client.sync.interval import Interval
from tests.rig.clock import FakeClock


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
