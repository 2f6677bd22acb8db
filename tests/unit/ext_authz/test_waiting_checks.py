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


async def test_a_check_beyond_the_limit_is_refused_at_once() -> None:
    """Nothing of it is begun, and there is room again when another one ends."""
    waiting = WaitingChecks(2, FakeClock())
    first, second = waiting.start(_never()), waiting.start(_never())
    with pytest.raises(OverloadError, match="2 Checks wait already"):
        waiting.start(_never())
    assert (waiting.now, waiting.dropped["overload"]) == (2, 1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    third = waiting.start(_never())
    assert waiting.now == 2
    for task in (second, third):
        task.cancel()
    await asyncio.gather(second, third, return_exceptions=True)


async def test_what_envoy_gives_up_is_counted() -> None:
    """Whether the Check had begun to wait or not; one with an answer is not counted."""
    waiting = WaitingChecks(10, FakeClock())
    begun, not_begun = waiting.start(_never()), None
    await asyncio.sleep(0)
    not_begun = waiting.start(_never())
    answered = asyncio.get_running_loop().create_future()
    answered.set_result(b"yes")
    assert await waiting.start(answered) == b"yes"
    begun.cancel()
    not_begun.cancel()
    await asyncio.gather(begun, not_begun, return_exceptions=True)
    assert waiting.dropped == {"overload": 0, "abandoned": 2}
    assert waiting.now == 0


async def test_overload_is_shown_for_five_minutes_and_logged_once_a_minute() -> None:
    """A flood does not fill the log."""
    clock = FakeClock()
    waiting = WaitingChecks(1, clock)
    assert waiting.alarms == {}
    task = waiting.start(_never())
    with capture_logs() as logs:
        for passed in (0, 30, 31):
            await clock.advance(passed)
            with pytest.raises(OverloadError):
                waiting.start(_never())
    assert [log["event"] for log in logs] == ["checks.overload"] * 2
    assert "3 Checks were refused because 1 others waited" in waiting.alarms["checks"]
    await clock.advance(301)
    assert waiting.alarms == {}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
