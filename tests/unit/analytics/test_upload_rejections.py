"""Batches and events that the platform refuses for good."""

from structlog.testing import capture_logs

from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.uploader import UploadOptions
from adapter.errors import PlatformRejectedError
from tests.unit.analytics.uploading import Rig


async def test_events_refused_one_by_one_are_not_counted_as_uploaded() -> None:
    """A platform that takes a batch but not all of its events leaves a trace in the metrics."""
    rig = Rig()
    rig.platform.refuses_single = 1
    async with rig.running():
        rig.offer(1, 4)
        await rig.clock.settle()
    assert rig.observer.counts == {"uploaded": 3, "dropped rejected": 1}
    assert rig.spool.backlog.events == 0


async def test_rejected_batch_does_not_hold_up_the_line() -> None:
    """A batch that the platform will never take is put aside, counted and named."""
    rig = Rig()
    rig.platform.faults = [PlatformRejectedError("400: bad event", status=400)]
    with capture_logs() as logs:
        async with rig.running():
            rig.offer(1, 8)
            await rig.clock.settle()
    assert rig.platform.taken == [[5, 6, 7, 8]]
    assert rig.observer.counts == {"failed rejected": 1, "dropped rejected": 4, "uploaded": 4}
    assert [log["event"] for log in logs] == ["analytics.batch_rejected"]


async def test_batch_too_large_is_split() -> None:
    """A platform that takes less at a time gets less at a time, and everything in the end."""
    rig = Rig(UploadOptions(BatchLimit(100, 1_000_000), max_age_s=5))
    too_large = PlatformRejectedError("413", status=413)
    rig.platform.refuses = lambda batch: too_large if len(batch) > 20 else None
    async with rig.running():
        rig.offer(1, 100)
        await rig.clock.advance(5)
    assert [n for batch in rig.platform.taken for n in batch] == list(range(1, 101))
    assert rig.observer.counts["uploaded"] == 100
    assert rig.observer.counts["failed too_large"] < 10


async def test_batches_grow_back_after_a_413() -> None:
    """Batches grow again after the platform has raised its limit."""
    rig = Rig(UploadOptions(BatchLimit(8, 1_000_000), max_age_s=5))
    rig.platform.faults = [PlatformRejectedError("413", status=413)]
    async with rig.running():
        rig.offer(1, 100)
        await rig.clock.advance(5)
    assert [len(batch) for batch in rig.platform.taken[:6]] == [4, 5, 6, 7, 8, 8]


async def test_one_event_too_large_is_given_up() -> None:
    """An event that is too large alone is dropped, and the others arrive."""
    rig = Rig()
    rig.platform.refuses = lambda batch: (
        PlatformRejectedError("413", status=413) if 2 in batch else None
    )
    async with rig.running():
        rig.offer(1, 4)
        await rig.clock.advance(10)
    assert sorted(n for batch in rig.platform.taken for n in batch) == [1, 3, 4]
    assert rig.observer.counts["dropped rejected"] == 1
