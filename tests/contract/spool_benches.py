"""The spools that keep to the port, each with a way to count what it drops."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from adapter.analytics.spool.memory import MemorySpool
from adapter.analytics.spool.port import EventSpool
from support.defaults import disk_spool
from tests.rig.clock import ManualClock
from tests.unit.analytics.recording import RecordingObserver


@asynccontextmanager
async def memory_bench(directory: Path, observer: RecordingObserver) -> AsyncIterator[EventSpool]:
    """A spool in memory."""
    spool = MemorySpool(1_000, 100_000, observer)
    yield spool
    await spool.close()


@asynccontextmanager
async def disk_bench(directory: Path, observer: RecordingObserver) -> AsyncIterator[EventSpool]:
    """A spool on disk."""
    spool = disk_spool(directory / "events.spool", ManualClock(), observer)
    yield spool
    await spool.close()


@asynccontextmanager
async def small_rows_bench(
    directory: Path, observer: RecordingObserver
) -> AsyncIterator[EventSpool]:
    """A spool on disk whose rows are smaller than batches."""
    spool = disk_spool(directory / "events.spool", ManualClock(), observer, batch_events=2)
    yield spool
    await spool.close()


@asynccontextmanager
async def unusable_disk_bench(
    directory: Path, observer: RecordingObserver
) -> AsyncIterator[EventSpool]:
    """A spool on disk whose file cannot be made, because its place is a directory."""
    (directory / "events.spool").mkdir()
    spool = disk_spool(directory / "events.spool", ManualClock(), observer)
    yield spool
    await spool.close()


OpenBench: TypeAlias = Callable[[Path, RecordingObserver], AbstractAsyncContextManager[EventSpool]]

BENCHES: Mapping[str, OpenBench] = {
    "memory": memory_bench,
    "disk": disk_bench,
    "disk with small rows": small_rows_bench,
    "unusable disk": unusable_disk_bench,
}
