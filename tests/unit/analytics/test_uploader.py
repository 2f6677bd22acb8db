"""The uploader sends batches when they are full or old enough, and tells how it goes."""

import asyncio

from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.uploader import UploadStatus
from adapter.runtime.clock import WallTime
from support.defaults import upload_options
from tests.unit.analytics.uploading import UNAVAILABLE, Rig


async def test_full_batch_goes_at_once() -> None:
    """A batch that is full does not wait for its age; what is over does."""
    rig = Rig()
    async with rig.running():
        rig.offer(1, 9)
        await rig.clock.settle()
        assert rig.platform.taken == [[1, 2, 3, 4], [5, 6, 7, 8]]
        await rig.clock.advance(5)
        assert rig.platform.taken[2:] == [[9]]
    assert rig.observer.counts == {"uploaded": 9}
    assert rig.spool.backlog.events == 0


async def test_rest_goes_when_it_is_old_enough() -> None:
    """A quiet API's events arrive within seconds."""
    rig = Rig()
    async with rig.running():
        rig.offer(1, 2)
        await rig.clock.advance(4.9)
        assert rig.platform.taken == []
        await rig.clock.advance(0.1)
        assert rig.platform.taken == [[1, 2]]


async def test_nothing_is_sent_when_nothing_waits() -> None:
    """An idle adapter leaves the platform alone."""
    rig = Rig()
    async with rig.running():
        await rig.clock.advance(60)
    assert rig.platform.attempts == []


async def test_a_big_batch_lets_others_have_turns() -> None:
    """A batch is compressed in slices, between which Checks run; it arrives whole all the same."""
    rig = Rig(upload_options(batch=BatchLimit(1000, 10_000_000)))
    rig.spool.offer([b'{"n":%d,"pad":"%b"}' % (n, b"x" * 200) for n in range(900)])
    flushing = asyncio.create_task(rig.uploader.flush(60))
    turns = 0
    while not rig.platform.attempts:
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100
    assert await flushing
    assert rig.platform.taken == [list(range(900))]


async def test_status_tells_since_when_it_fails() -> None:
    """An operator sees whether uploads succeed, and if not, since when and why."""
    rig = Rig()
    assert rig.uploader.status == UploadStatus()
    rig.platform.faults = [UNAVAILABLE, UNAVAILABLE]
    start = rig.clock.now()
    async with rig.running():
        rig.offer(1, 4)
        await rig.clock.advance(1.5)
        assert rig.uploader.status == UploadStatus(None, start, "503 Service Unavailable")
        await rig.clock.advance(2)
        assert rig.uploader.status == UploadStatus(last_success=WallTime(start + 3))
