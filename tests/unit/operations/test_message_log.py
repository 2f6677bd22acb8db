"""The messages of message-logging policies on their way into the log."""

import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from adapter.operations.message_log import MessageLog
from adapter.policy.effects.log import LogMessage
from tests.rig.clock import FakeClock
from tests.rig.polling import until

HELLO = LogMessage("warning", "orders", "hello", "7")


async def stopped(task: "asyncio.Task[None]") -> None:
    """Stop the task as a supervisor does."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_message_becomes_a_line_of_the_log() -> None:
    """With the admin's level and category, and the API it is about."""
    clock = FakeClock()
    log = MessageLog(clock)
    with capture_logs() as lines:
        task = asyncio.create_task(log.run())
        log.offer([HELLO])
        assert lines == []
        await clock.advance(0.1)
        await until(lambda: lines)
        await stopped(task)
    assert lines == [
        {
            "event": "policy.message",
            "log_level": "warning",
            "category": "orders",
            "api_id": "7",
            "message": "hello",
        }
    ]


async def test_more_than_fits_is_dropped_counted_and_told() -> None:
    """A policy that logs every request can fill neither memory nor the log."""
    clock = FakeClock()
    log = MessageLog(clock, max_waiting=6)
    with capture_logs() as lines:
        task = asyncio.create_task(log.run())
        log.offer([HELLO] * 10)
        assert log.dropped == 7
        await clock.advance(0.1)
        await until(lambda: len(lines) >= 4)
        await stopped(task)
    assert {"event": "policy.messages_dropped", "log_level": "warning", "count": 7} in lines
    assert len(lines) == 4


async def test_messages_of_one_api_do_not_push_out_those_of_others() -> None:
    """An API that everybody calls may log each request, and another one is still heard."""
    log = MessageLog(FakeClock(), max_waiting=6)
    log.offer([HELLO] * 10)
    dropped = log.dropped
    log.offer([HELLO._replace(api_id="another")])
    assert (dropped, log.dropped) == (7, 7)


async def test_so_many_a_second_and_no_more() -> None:
    """What comes in a burst is written at the configured rate."""
    clock = FakeClock()
    log = MessageLog(clock, max_per_s=20)
    with capture_logs() as lines:
        task = asyncio.create_task(log.run())
        log.offer([HELLO] * 5)
        for expected in (2, 4, 5):
            await clock.advance(0.1)
            await until(lambda expected=expected: len(lines) == expected)  # type: ignore[misc]
        await stopped(task)


async def test_nothing_is_lost_at_the_end() -> None:
    """What was said before SIGTERM is in the log."""
    log = MessageLog(FakeClock())
    with capture_logs() as lines:
        task = asyncio.create_task(log.run())
        await asyncio.sleep(0)
        log.offer([HELLO, HELLO])
        await stopped(task)
    assert len(lines) == 2
