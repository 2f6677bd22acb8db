"""The spools that keep to the port, each with a way to have its events written."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.spool.memory import MemorySpool
from adapter.analytics.spool.port import EventSpool
from support.defaults import disk_spool
from tests.rig.clock import ManualClock
from tests.unit.analytics.recording import RecordingObserver


class Bench(NamedTuple):
    """A spool, and how to have written what it holds, if it ever writes."""

    spool: EventSpool
    flush: Callable[[], Awaitable[None]]


async def _nothing() -> None:
    """Write nothing."""


@asynccontextmanager
async def memory_bench(directory: Path, observer: RecordingObserver) -> AsyncIterator[Bench]:
    """A spool in memory."""
    spool = MemorySpool(1_000, 100_000, observer)
    yield Bench(spool, _nothing)
    await spool.close()


@asynccontextmanager
async def disk_bench(directory: Path, observer: RecordingObserver) -> AsyncIterator[Bench]:
    """A spool on disk."""
    spool = disk_spool(directory / "events.spool", ManualClock(), observer)
    yield Bench(spool, spool.flush)
    await spool.close()


@asynccontextmanager
async def reading_bench(directory: Path, observer: RecordingObserver) -> AsyncIterator[Bench]:
    """A spool on disk that keeps nothing in memory that it has written."""
    file, ahead = directory / "events.spool", BatchLimit(0, 0)
    spool = disk_spool(file, ManualClock(), observer, ahead=ahead)
    yield Bench(spool, spool.flush)
    await spool.close()


@asynccontextmanager
async def small_rows_bench(directory: Path, observer: RecordingObserver) -> AsyncIterator[Bench]:
    """A spool on disk whose rows are smaller than batches, and of which few stay in memory."""
    file, ahead = directory / "events.spool", BatchLimit(3, 100)
    spool = disk_spool(file, ManualClock(), observer, ahead=ahead, batch_events=2)
    yield Bench(spool, spool.flush)
    await spool.close()


@asynccontextmanager
async def fast_platform_bench(directory: Path, observer: RecordingObserver) -> AsyncIterator[Bench]:
    """A spool on disk whose events are acknowledged before they are written."""
    spool = disk_spool(directory / "events.spool", ManualClock(), observer)
    yield Bench(spool, _nothing)
    await spool.close()


@asynccontextmanager
async def unusable_disk_bench(directory: Path, observer: RecordingObserver) -> AsyncIterator[Bench]:
    """A spool on disk whose file cannot be made, because its place is a directory."""
    (directory / "events.spool").mkdir()
    spool = disk_spool(directory / "events.spool", ManualClock(), observer)
    yield Bench(spool, spool.flush)
    await spool.close()


OpenBench: TypeAlias = Callable[[Path, RecordingObserver], AbstractAsyncContextManager[Bench]]

BENCHES: Mapping[str, OpenBench] = {
    "memory": memory_bench,
    "disk": disk_bench,
    "disk that is read": reading_bench,
    "disk with small rows": small_rows_bench,
    "disk that is not needed": fast_platform_bench,
    "unusable disk": unusable_disk_bench,
}
