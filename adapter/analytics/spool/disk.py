"""A spool on disk: events survive the process, and an outage of the platform costs only space.

    offer ──► window ──────────► rows of the file ──► loaded rows ──► batch
              (memory, at most    until acknowledged   (next or out)
              a second)

If the disk cannot be used, events stay in the window, and batches are taken from there: it is a
spool in memory, with its bounds.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from itertools import chain
from typing import Any, NoReturn

import structlog

from adapter.analytics.observer import AnalyticsObserver, DropReason
from adapter.analytics.spool.batch import Backlog, Batch, BatchLimit
from adapter.analytics.spool.file_access import FileAccess
from adapter.analytics.spool.loaded import LoadedRows, Part
from adapter.analytics.spool.memory import MemorySpool
from adapter.runtime.clock import Clock
from adapter.runtime.deadline import within


class DiskSpool:
    """A spool on disk.

    `run` writes what was offered: as soon as there is a full row, and at least every
    `flush_interval_s`. After a restart, rows that were not acknowledged are uploaded again. Batches
    that were acknowledged in the last interval are, too: their rows are deleted at the next visit.
    """

    def __init__(
        self,
        window: MemorySpool,
        file: FileAccess,
        clock: Clock,
        *,
        row_limit: BatchLimit,
        flush_interval_s: float,
        observer: AnalyticsObserver | None = None,
    ) -> None:
        self._window = window
        self._file = file
        self._clock = clock
        self._row_limit = row_limit
        self._flush_interval_s = flush_interval_s
        self._observer = observer or AnalyticsObserver()
        self._busy = asyncio.Lock()
        self._loaded = LoadedRows()
        self._settled: set[int] = set()
        """Rows to delete at the next visit to the file."""
        self._out: dict[int, tuple[Part, ...]] = {}
        self._out_of_window: dict[int, Batch] = {}
        self._next_id = 1
        self._wanted: BatchLimit | None = None
        self._full = asyncio.Event()
        self._closed = False

    @property
    def alarms(self) -> Mapping[str, str]:
        """See `EventSpool.alarms`."""
        return self._file.alarms

    @property
    def quarantined(self) -> Backlog:
        """See `EventSpool.quarantined`."""
        return Backlog(self._file.quarantined.events, self._file.quarantined.bytes)

    async def run(self) -> NoReturn:
        """Write what was offered, until cancelled."""
        while True:
            if self._file.failure:
                await self._clock.sleep(self._flush_interval_s)
            else:
                full = self._window.wait_full(self._row_limit)
                await within(self._clock, self._flush_interval_s, full)
            await self.flush()

    async def flush(self) -> None:
        """Write what was offered, unless the disk failed a moment ago."""
        if self._file.may_write:
            await self._undisturbed(self._write())
            self._wake()

    def offer(self, events: Sequence[bytes]) -> None:
        """See `EventSpool.offer`."""
        self._window.offer(events)
        self._wake()

    @property
    def backlog(self) -> Backlog:
        """See `EventSpool.backlog`."""
        window, loaded, unread = self._window.backlog, self._loaded.unsettled, self._file.unread
        return Backlog(
            window.events + loaded.events + unread.events,
            window.bytes + loaded.bytes + unread.bytes,
        )

    def has_full(self, limit: BatchLimit) -> bool:
        """See `EventSpool.has_full`."""
        unread, loaded = self._file.unread, self._loaded.waiting
        room = BatchLimit(
            limit.events - unread.events - loaded.events, limit.bytes - unread.bytes - loaded.bytes
        )
        return self._window.has_full(room)

    async def wait_full(self, limit: BatchLimit) -> None:
        """See `EventSpool.wait_full`."""
        self._wanted = limit
        while not self.has_full(limit):
            self._full.clear()
            await self._full.wait()

    async def take(self, limit: BatchLimit) -> Batch | None:
        """See `EventSpool.take`. What is still in the window is written first."""
        await self._undisturbed(self._load(limit))
        if parts := self._loaded.take(limit):
            batch = self._numbered(tuple(chain.from_iterable(part.events for part in parts)))
            self._out[batch.batch_id] = parts
            return batch
        if self._file.failure and (held := await self._window.take(limit)):
            batch = self._numbered(held.events)
            self._out_of_window[batch.batch_id] = held
            return batch
        return None

    async def acknowledge(self, batch: Batch) -> None:
        """See `EventSpool.acknowledge`."""
        self._settled.update(self._loaded.settle(self._out.pop(batch.batch_id, ())))
        if held := self._out_of_window.pop(batch.batch_id, None):
            await self._window.acknowledge(held)

    async def requeue(self, batch: Batch) -> None:
        """See `EventSpool.requeue`."""
        self._loaded.put_back(self._out.pop(batch.batch_id, ()))
        if held := self._out_of_window.pop(batch.batch_id, None):
            await self._window.requeue(held)

    async def quarantine(self, batch: Batch, reason: str) -> None:
        """See `EventSpool.quarantine`. If the disk cannot be used, the events are dropped."""
        # Nobody else may put the batch back meanwhile, even if this is cancelled.
        parts = self._out.pop(batch.batch_id, ())
        held = self._out_of_window.pop(batch.batch_id, None)
        if parts or held:
            await self._undisturbed(self._put_aside(batch.events, reason, parts, held))

    async def close(self) -> None:
        """See `EventSpool.close`. Events that could not be written are dropped."""
        if self._closed:
            return
        self._closed = True
        await self._undisturbed(self._write())
        await self._window.close()
        if kept := self.backlog.events:
            structlog.get_logger().info("spool.kept", events=kept)
        await self._file.close()

    async def _undisturbed(self, work: Coroutine[Any, Any, None]) -> None:
        """Do one thing with the file at a time, to its end even if the caller is cancelled."""

        async def alone() -> None:
            async with self._busy:
                await work

        await asyncio.shield(asyncio.ensure_future(alone()))

    async def _write(self) -> None:
        """Write the window, one row at a time."""
        while await self._write_row() and self._window.has_full(BatchLimit(1, 1)):
            pass

    async def _write_row(self) -> bool:
        batch, settled = await self._window.take(self._row_limit), tuple(self._settled)
        written = False
        try:
            written = await self._file.write(batch.events if batch else (), settled)
        finally:
            if batch and written:
                await self._window.acknowledge(batch)
            elif batch:
                await self._window.requeue(batch)
        if written:
            self._settled.difference_update(settled)
        return written

    async def _load(self, limit: BatchLimit) -> None:
        if self._file.may_write:
            await self._write()
        waiting = self._loaded.waiting
        room = BatchLimit(limit.events - waiting.events, limit.bytes - waiting.bytes)
        if self._file.unread.events and room.events > 0 and room.bytes > 0:
            self._loaded.load(await self._file.read(room))

    async def _put_aside(
        self, events: Sequence[bytes], reason: str, parts: Sequence[Part], held: Batch | None
    ) -> None:
        if not await self._file.quarantine(events, reason):
            self._observer.dropped(DropReason.REJECTED, len(events))
        self._settled.update(self._loaded.settle(parts))
        if held:
            await self._window.acknowledge(held)

    def _numbered(self, events: tuple[bytes, ...]) -> Batch:
        batch = Batch(self._next_id, events)
        self._next_id += 1
        return batch

    def _wake(self) -> None:
        if self._wanted and self.has_full(self._wanted):
            self._full.set()
