"""The uploader brings every event to the platform, once the platform lets it."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from structlog.testing import capture_logs

from adapter.analytics.spool.memory import BatchLimit, MemorySpool
from adapter.analytics.uploader import EventUploader, UploadOptions, UploadStatus
from adapter.errors import (
    DocumentError,
    PlatformError,
    PlatformNotFoundError,
    PlatformRefusedError,
    PlatformRejectedError,
    PlatformUnavailableError,
)
from adapter.runtime.clock import WallTime
from support.defaults import upload_options
from tests.rig.clock import FakeClock
from tests.unit.analytics.recording import RecordingObserver


class Platform:
    """Takes batches, after the faults that a test prepared."""

    def __init__(self) -> None:
        self.faults: list[BaseException] = []
        self.taken: list[list[int]] = []
        self.attempts: list[list[int]] = []
        self.refuses: Callable[[list[int]], PlatformError | None] = lambda _: None
        self.refuses_single = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def send_events(self, gzip_body: bytes) -> int:
        """See `EventUpload.send_events`."""
        batch = [event["n"] for event in json.loads(gzip.decompress(gzip_body))]
        self.attempts.append(batch)
        await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        if fault := self.refuses(batch):
            raise fault
        self.taken.append(batch)
        return self.refuses_single


class Rig:
    """An uploader with all that it touches."""

    def __init__(self, options: UploadOptions | None = None) -> None:
        self.clock = FakeClock()
        self.platform = Platform()
        self.observer = RecordingObserver()
        self.spool = MemorySpool(1000, 1_000_000, self.observer)
        self.options = options or UploadOptions(
            BatchLimit(4, 1_000_000), max_age_s=5, backoff_base_s=1, backoff_cap_s=60
        )
        self.uploader = EventUploader(
            self.spool,
            self.platform,
            self.clock,
            self.options,
            observer=self.observer,
            jitter=lambda: 1.0,
        )

    def offer(self, first: int, last: int) -> None:
        """Offer numbered events."""
        self.spool.offer([b'{"n":%d}' % number for number in range(first, last + 1)])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the uploader, as a supervisor does."""
        task = asyncio.create_task(self.uploader.run())
        await self.clock.settle()
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


UNAVAILABLE = PlatformUnavailableError("503 Service Unavailable")


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


async def test_events_refused_one_by_one_are_not_counted_as_uploaded() -> None:
    """A platform that takes a batch but not all of its events leaves a trace in the metrics."""
    rig = Rig()
    rig.platform.refuses_single = 1
    async with rig.running():
        rig.offer(1, 4)
        await rig.clock.settle()
    assert rig.observer.counts == {"uploaded": 3, "dropped rejected": 1}
    assert rig.spool.backlog.events == 0


async def test_nothing_is_sent_when_nothing_waits() -> None:
    """An idle adapter leaves the platform alone."""
    rig = Rig()
    async with rig.running():
        await rig.clock.advance(60)
    assert rig.platform.attempts == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (UNAVAILABLE, "unavailable"),
        (PlatformRefusedError("401"), "refused"),
        (PlatformNotFoundError("404"), "other"),
        (DocumentError("no JSON"), "other"),
    ],
)
async def test_failed_batch_is_sent_again(fault: PlatformError, kind: str) -> None:
    """Whatever may pass is tried again, with the same events."""
    rig = Rig()
    rig.platform.faults = [fault]
    async with rig.running():
        rig.offer(1, 4)
        await rig.clock.settle()
        assert rig.platform.taken == []
        await rig.clock.advance(1)
    assert rig.platform.attempts == [[1, 2, 3, 4], [1, 2, 3, 4]]
    assert rig.platform.taken == [[1, 2, 3, 4]]
    assert rig.observer.counts == {f"failed {kind}": 1, "uploaded": 4}


async def test_waits_double_up_to_the_cap() -> None:
    """A platform in trouble is asked ever less often, but never given up."""
    rig = Rig()
    rig.platform.faults = [UNAVAILABLE] * 8
    rig.offer(1, 4)
    async with rig.running():
        for wait_s in (1, 2, 4, 8, 16, 32, 60, 60):
            before = len(rig.platform.attempts)
            await rig.clock.advance(wait_s - 0.01)
            assert len(rig.platform.attempts) == before
            await rig.clock.advance(0.01)
            assert len(rig.platform.attempts) == before + 1
    assert rig.platform.taken == [[1, 2, 3, 4]]


async def test_outage_of_days_is_no_trouble() -> None:
    """Thousands of failures in a row keep the wait at its cap."""
    rig = Rig()
    rig.platform.refuses = lambda _: UNAVAILABLE
    rig.offer(1, 4)
    async with rig.running():
        await rig.clock.advance(60 * 1200)
        rig.platform.refuses = lambda _: None
        await rig.clock.advance(60)
    assert rig.platform.taken == [[1, 2, 3, 4]]


async def test_waits_begin_anew_after_a_success() -> None:
    """An outage of yesterday does not slow today's first retry."""
    rig = Rig()
    rig.platform.faults = [UNAVAILABLE] * 3
    async with rig.running():
        rig.offer(1, 4)
        await rig.clock.advance(7)
        rig.platform.faults = [UNAVAILABLE]
        rig.offer(5, 8)
        await rig.clock.advance(1)
    assert rig.platform.taken == [[1, 2, 3, 4], [5, 6, 7, 8]]


async def test_jitter_spreads_the_waits() -> None:
    """Many adapters do not come back in the same instant: each waits half to all of it."""
    rig = Rig()
    jitter = iter((0.0, 1.0))
    rig.uploader = EventUploader(
        rig.spool, rig.platform, rig.clock, rig.options, jitter=lambda: next(jitter)
    )
    rig.platform.faults = [UNAVAILABLE] * 2
    rig.offer(1, 4)
    async with rig.running():
        await rig.clock.advance(0.5)
        assert len(rig.platform.attempts) == 2
        await rig.clock.advance(1.99)
        assert len(rig.platform.attempts) == 2
        await rig.clock.advance(0.01)
        assert len(rig.platform.attempts) == 3


@pytest.mark.parametrize(("asked_s", "waited_s"), [(30, 30), (0.1, 1), (86_400, 60)])
async def test_retry_after_is_honoured(asked_s: float, waited_s: float) -> None:
    """The platform is not asked sooner than it said, and a mad date does not stop analytics."""
    rig = Rig()
    rig.platform.faults = [PlatformUnavailableError("429", retry_after_s=asked_s)]
    rig.offer(1, 4)
    async with rig.running():
        await rig.clock.advance(waited_s - 0.01)
        assert len(rig.platform.attempts) == 1
        await rig.clock.advance(0.01)
        assert len(rig.platform.attempts) == 2


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
    """A limit that was lifted does not slow analytics for ever."""
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


async def test_outage_is_logged_at_its_ends_only() -> None:
    """A long outage is two lines in the log, not thousands."""
    rig = Rig()
    rig.platform.faults = [UNAVAILABLE] * 5
    rig.offer(1, 4)
    with capture_logs() as logs:
        async with rig.running():
            await rig.clock.advance(100)
    assert [log["event"] for log in logs] == [
        "analytics.upload_failing",
        "analytics.upload_recovered",
    ]
