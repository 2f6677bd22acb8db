"""An uploader with a platform that a test controls."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.spool.memory import MemorySpool
from adapter.analytics.uploader import EventUploader, UploadOptions
from adapter.errors import PlatformError, PlatformUnavailableError
from tests.rig.clock import FakeClock
from tests.unit.analytics.recording import RecordingObserver

UNAVAILABLE = PlatformUnavailableError("503 Service Unavailable")


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
