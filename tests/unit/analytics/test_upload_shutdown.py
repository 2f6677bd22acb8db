"""Uploads that are cancelled, and the flush at shutdown."""

import asyncio

import pytest
from structlog.testing import capture_logs

from tests.unit.analytics.uploading import UNAVAILABLE, Rig


async def test_cancelled_upload_loses_nothing() -> None:
    """Stopping in the middle of an upload puts its events back for the flush."""
    rig = Rig()
    rig.platform.gate.clear()
    async with rig.running():
        rig.offer(1, 4)
        await rig.clock.settle()
    assert rig.platform.attempts == [[1, 2, 3, 4]]
    rig.platform.gate.set()
    assert await rig.uploader.flush(5)
    assert rig.platform.taken == [[1, 2, 3, 4]]


async def test_bug_in_the_upload_loses_nothing() -> None:
    """An error that nobody foresaw ends the task, not the events; its successor sends them."""
    rig = Rig()
    rig.platform.faults = [RuntimeError("a bug")]
    rig.offer(1, 4)
    with pytest.raises(RuntimeError, match="a bug"):
        await rig.uploader.run()
    async with rig.running():
        pass
    assert rig.platform.taken == [[1, 2, 3, 4]]


async def test_flush_sends_everything() -> None:
    """Nothing is lost on a shutdown, full batch or not."""
    rig = Rig()
    rig.offer(1, 9)
    assert await rig.uploader.flush(5)
    assert rig.platform.taken == [[1, 2, 3, 4], [5, 6, 7, 8], [9]]
    assert rig.spool.backlog.events == 0


async def test_flush_of_nothing() -> None:
    """A shutdown with nothing to send does not wait."""
    rig = Rig()
    assert await rig.uploader.flush(5)
    assert rig.platform.attempts == []


async def test_flush_tries_again_within_its_deadline() -> None:
    """A hiccup at shutdown loses nothing."""
    rig = Rig()
    rig.platform.faults = [UNAVAILABLE]
    rig.offer(1, 4)
    flushing = asyncio.create_task(rig.uploader.flush(5))
    await rig.clock.advance(1)
    assert await flushing
    assert rig.platform.taken == [[1, 2, 3, 4]]


async def test_flush_after_a_long_outage_tries_more_than_once() -> None:
    """The long waits of an outage do not use up the deadline of a shutdown."""
    rig = Rig()
    rig.platform.faults = [UNAVAILABLE] * 8
    rig.offer(1, 4)
    async with rig.running():
        await rig.clock.advance(100)
    rig.platform.faults = [UNAVAILABLE]
    flushing = asyncio.create_task(rig.uploader.flush(5))
    await rig.clock.advance(1)
    assert await flushing
    assert rig.platform.taken == [[1, 2, 3, 4]]


async def test_flush_keeps_its_deadline() -> None:
    """A platform that hangs does not keep the process; what is left is told, and stays."""
    rig = Rig()
    rig.platform.gate.clear()
    rig.offer(1, 5)
    with capture_logs() as logs:
        flushing = asyncio.create_task(rig.uploader.flush(5))
        await rig.clock.advance(5)
        assert not await flushing
    assert rig.spool.backlog.events == 5
    assert [(log["event"], log["events"]) for log in logs] == [("analytics.flush_incomplete", 5)]
