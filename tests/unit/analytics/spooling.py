"""A spool on disk with all that it touches."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

from adapter.analytics.spool.batch import Batch, BatchLimit
from adapter.analytics.spool.disk import DiskSpool
from adapter.analytics.spool.rows import SpoolRows
from adapter.analytics.spool.spool_file import operate
from support.defaults import disk_spool
from tests.rig.clock import FakeClock, ManualClock
from tests.unit.analytics.recording import RecordingObserver

ALL = BatchLimit(10_000, 10_000_000)
NOTHING = BatchLimit(0, 0)
Result = TypeVar("Result")


class Rig:
    """A directory with a spool file, and the processes that use it one after another."""

    def __init__(self, directory: Path, clock: ManualClock | FakeClock | None = None) -> None:
        self.path = directory / "events.spool"
        self.clock = clock or ManualClock()
        self.observer = RecordingObserver()

    @property
    def now_ms(self) -> int:
        """The time, as rows have it."""
        return int(self.clock.now() * 1000)

    @asynccontextmanager
    async def spool(
        self, *, ahead: BatchLimit = NOTHING, **changes: Any
    ) -> AsyncIterator[DiskSpool]:
        """The spool of one process, which has looked at the file. It reads what it has written."""
        spool = disk_spool(self.path, self.clock, self.observer, ahead=ahead, **changes)
        await spool.flush()
        try:
            yield spool
        finally:
            await spool.close()

    @contextmanager
    def held(self, spool: DiskSpool) -> Iterator[None]:
        """Let the thread that uses the file wait until the end of the block."""
        released = Event()
        spool._file._thread.submit(released.wait)
        yield
        released.set()

    def operate(self, work: Callable[[SpoolRows], Result]) -> Result:
        """What an operator does beside the adapter."""
        return operate(self.path, work)

    def bodies(self) -> list[bytes]:
        """The bodies of all rows."""
        with sqlite3.connect(self.path) as connection:
            found = connection.execute("SELECT body FROM batches ORDER BY id").fetchall()
        connection.close()
        return [body for (body,) in found]


def numbered(first: int, last: int, size: int = 3) -> list[bytes]:
    """Events of the same size."""
    return [b"%0*d" % (size, number) for number in range(first, last + 1)]


async def written(spool: DiskSpool, events: list[bytes]) -> None:
    """Offer the events, and have them written as one row. Then the file is tidied."""
    spool.offer(events)
    await spool.flush()
    await spool.flush()


async def taken(spool: DiskSpool, limit: BatchLimit = ALL) -> Batch:
    """The next batch of a spool that is not empty."""
    batch = await spool.take(limit)
    assert batch is not None
    return batch


async def rest_of(spool: DiskSpool) -> list[bytes]:
    """The events of all batches that are left, which are acknowledged."""
    events: list[bytes] = []
    while batch := await spool.take(ALL):
        events += batch.events
        await spool.acknowledge(batch)
    return events
