"""Checks that wait: how many may, and what is counted."""

import asyncio

import pytest
from structlog.testing import capture_logs

from adapter.errors import OverloadError
from adapter.ext_authz.waiting_checks import WaitingChecks
from adapter.runtime.deferred import Deferred
from tests.rig.clock import FakeClock


async def _answer() -> bytes:
    await asyncio.Event().wait()
    return b""


def _never() -> Deferred[bytes]:
    return Deferred(_answer)


async def test_an_api_beyond_its_share_is_refused_at_once() -> None:
    """Other APIs still get places, and there is room again when a Check ends."""
    waiting = WaitingChecks(4, FakeClock())
    first, second = waiting.start(_never(), "slow"), waiting.start(_never(), "slow")
    with pytest.raises(OverloadError, match="too many Checks of API slow wait already"):
        waiting.start(_never(), "slow")
    assert (waiting.now, waiting.dropped["overload"]) == (2, 1)
    other = waiting.start(_never(), "other")
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    again = waiting.start(_never(), "slow")
    assert waiting.now == 3
    for task in (second, other, again):
        task.cancel()
    await asyncio.gather(second, other, again, return_exceptions=True)
    assert waiting.now == 0


async def test_what_envoy_gives_up_is_counted() -> None:
    """Whether the Check had begun to wait or not; one with an answer is not counted."""
    waiting = WaitingChecks(10, FakeClock())
    begun, not_begun = waiting.start(_never(), "1"), None
    await asyncio.sleep(0)
    not_begun = waiting.start(_never(), "1")
    answered = asyncio.get_running_loop().create_future()
    answered.set_result(b"yes")
    assert await waiting.start(answered, "1") == b"yes"
    begun.cancel()
    not_begun.cancel()
    await asyncio.gather(begun, not_begun, return_exceptions=True)
    assert waiting.dropped == {"overload": 0, "abandoned": 2}
    assert waiting.now == 0


async def test_overload_is_shown_for_five_minutes_and_logged_once_a_minute() -> None:
    """A flood does not fill the log."""
    clock = FakeClock()
    waiting = WaitingChecks(2, clock)
    assert waiting.alarms == {}
    task = waiting.start(_never(), "1")
    with capture_logs() as logs:
        for passed in (0, 30, 31):
            await clock.advance(passed)
            with pytest.raises(OverloadError):
                waiting.start(_never(), "1")
    assert [log["event"] for log in logs] == ["checks.overload"] * 2
    assert "3 Checks were refused because too many of their API waited" in waiting.alarms["checks"]
    await clock.advance(301)
    assert waiting.alarms == {}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
