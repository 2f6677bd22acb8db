"""A spool on disk: events survive the process, and an outage of the platform costs only space.

    offer ──► window (memory) ─────────────────────► batch ──► acknowledged
                  │ every second                      ▲
                  └──► rows of the file ──► loaded ───┘

Events that the platform accepts within a second never reach the disk. All others are written, also
those that are being uploaded. If the disk cannot be used, they stay in the window: then this is a
spool in memory, with its bounds.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, NoReturn

import structlog

from adapter.analytics.observer import AnalyticsObserver, DropReason
from adapter.analytics.spool.batch import Backlog, Batch, BatchLimit
from adapter.analytics.spool.file_access import FileAccess
from adapter.analytics.spool.loaded import LoadedRows, Part
from adapter.analytics.spool.memory import MemorySpool
from adapter.analytics.spool.row_values import LoadedRow
from adapter.runtime.clock import Clock

AHEAD: Final = BatchLimit(50_000, 32 * 1024 * 1024)
"""How many events may stay in memory after they were written, so that they need not be read: as
many as wait if the platform is slow for a few seconds."""
_ALL: Final = BatchLimit(2**62, 2**62)


@dataclass(slots=True)
class _Out:
    """What a batch consists of."""

    parts: tuple[Part, ...]
    """Events that are on the disk, too."""
    held: Batch | None
    """Newer events that are in the window only."""


class DiskSpool:
    """A spool on disk.

    `run` writes to the disk. After a restart, rows that were not acknowledged are uploaded again.
    Those that were acknowledged in the last interval are, too: `run` deletes them later.

    `ahead` says how many of the oldest events stay in memory after they were written. They are
    never dropped to keep the bounds of the disk.
    """

    def __init__(
        self,
        window: MemorySpool,
        file: FileAccess,
        clock: Clock,
        *,
        row_limit: BatchLimit,
        flush_interval_s: float,
        ahead: BatchLimit = AHEAD,
        observer: AnalyticsObserver | None = None,
    ) -> None:
        self._window = window
        self._file = file
        self._clock = clock
        self._row_limit = row_limit
        self._flush_interval_s = flush_interval_s
        self._ahead = ahead
        self._observer = observer or AnalyticsObserver()
        self._busy = asyncio.Lock()
        self._loaded = LoadedRows()
        self._settled: set[int] = set()
        """Rows to delete at the next visit to the file."""
        self._out: dict[int, _Out] = {}
        self._next_id = 1
        self._wanted: BatchLimit | None = None
        self._full = asyncio.Event()
        self._closed = False

    async def run(self) -> NoReturn:
        """Write what is in memory only, again and again, until cancelled."""
        while True:
            await self.flush()
            await self._clock.sleep(self._flush_interval_s)

    async def flush(self) -> None:
        """Write what is in memory only, unless the disk failed a moment ago."""
        if self._file.may_write:
            await self._undisturbed(self._write())
            self._wake()

    @property
    def alarms(self) -> Mapping[str, str]:
        """See `EventSpool.alarms`."""
        return self._file.alarms

    @property
    def quarantined(self) -> Backlog:
        """See `EventSpool.quarantined`."""
        return Backlog(self._file.quarantined.events, self._file.quarantined.bytes)

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
        older = self._older
        room = BatchLimit(limit.events - older.events, limit.bytes - older.bytes)
        return self._window.has_full(room)

    async def wait_full(self, limit: BatchLimit) -> None:
        """See `EventSpool.wait_full`."""
        self._wanted = limit
        while not self.has_full(limit):
            self._full.clear()
            await self._full.wait()

    async def take(self, limit: BatchLimit) -> Batch | None:
        """See `EventSpool.take`."""
        if self._file.unread.events:
            await self._undisturbed(self._load(limit))
        batch = await self._next(limit)
        if batch is None and self._busy.locked():
            # Events that a thread is writing now are in the file afterwards.
            await self._undisturbed(self._load(limit))
            batch = await self._next(limit)
        return batch

    async def acknowledge(self, batch: Batch) -> None:
        """See `EventSpool.acknowledge`."""
        if out := self._out.pop(batch.batch_id, None):
            await self._settle(out)

    async def requeue(self, batch: Batch) -> None:
        """See `EventSpool.requeue`."""
        if self._busy.locked():
            # The batch may be on its way to the file. Memory may have no room for it.
            await self._undisturbed(self._put_back(batch))
        else:
            await self._put_back(batch)

    async def quarantine(self, batch: Batch, reason: str) -> None:
        """See `EventSpool.quarantine`. If the disk cannot be used, the events are dropped."""
        # Taken out first, so that nobody puts the batch back meanwhile if this is cancelled.
        if out := self._out.pop(batch.batch_id, None):
            await self._undisturbed(self._put_aside(batch.events, reason, out))

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

    @property
    def _older(self) -> Backlog:
        """The events that come before those of the window."""
        unread, waiting = self._file.unread, self._loaded.waiting
        return Backlog(unread.events + waiting.events, unread.bytes + waiting.bytes)

    def _wake(self) -> None:
        if self._wanted and self.has_full(self._wanted):
            self._full.set()

    async def _undisturbed(self, work: Coroutine[Any, Any, None]) -> None:
        """Do one thing with the file at a time, to its end even if the caller is cancelled."""

        async def alone() -> None:
            async with self._busy:
                await work
                if self._file.take_loss():
                    await self._return_to_window()

        await asyncio.shield(asyncio.ensure_future(alone()))

    async def _return_to_window(self) -> None:
        """The file is gone: have everything that is in memory written again."""
        for out in self._out.values():
            parts, held = out.parts, out.held
            events = chain.from_iterable(part.events for part in parts)
            out.parts = ()
            out.held = self._window.adopt((*events, *(held.events if held else ())))
            if held:
                await self._window.acknowledge(held)
        waiting = chain.from_iterable(part.events for part in self._loaded.take(_ALL))
        await self._window.requeue(self._window.adopt(tuple(waiting)))
        self._loaded = LoadedRows()
        self._settled.clear()

    async def _load(self, limit: BatchLimit) -> None:
        waiting = self._loaded.waiting
        room = BatchLimit(limit.events - waiting.events, limit.bytes - waiting.bytes)
        if self._file.unread.events and room.events > 0 and room.bytes > 0:
            self._loaded.load(await self._file.read(room))

    async def _next(self, limit: BatchLimit) -> Batch | None:
        parts = self._loaded.take(limit)
        held = None if self._older.events else await self._newer(limit, parts)
        if not parts and held is None:
            return None
        events = chain.from_iterable(part.events for part in parts)
        batch = Batch(self._next_id, (*events, *(held.events if held else ())))
        self._next_id += 1
        self._out[batch.batch_id] = _Out(parts, held)
        return batch

    async def _newer(self, limit: BatchLimit, parts: Sequence[Part]) -> Batch | None:
        """Fill a batch up from the window."""
        events, size = sum(len(part.events) for part in parts), sum(part.bytes for part in parts)
        room = BatchLimit(limit.events - events, limit.bytes - size)
        held = await self._window.take(room) if room.events > 0 and room.bytes > 0 else None
        if parts and held and sum(map(len, held.events)) > room.bytes:
            await self._window.requeue(held)
            return None
        return held

    async def _write(self) -> None:
        """Tidy the file, then write what is out, then the window, one row at a time."""
        written = await self._tidy() and await self._write_out()
        while written and (batch := await self._window.take(self._row_limit)):
            written = await self._write_row(batch)
        if written:
            self._file.note_success()

    async def _tidy(self) -> bool:
        settled = tuple(self._settled)
        tidied = await self._file.tidy(settled)
        if tidied is None:
            return False
        self._settled.difference_update(settled)
        if tidied.in_memory is not None and (gone := self._loaded.keep_only(tidied.in_memory)):
            self._observer.dropped(DropReason.DELETED, gone)
        return True

    async def _write_out(self) -> bool:
        for batch_id, out in tuple(self._out.items()):
            if (held := out.held) is None:
                continue
            row_id = await self._file.write(held.events, taken=True)
            if row_id is None:
                return False
            if self._out.get(batch_id) is out:
                out.parts += (self._loaded.adopt(LoadedRow(row_id, held.events)),)
                out.held = None
                await self._window.acknowledge(held)
            else:  # it was settled
                self._settled.add(row_id)
        return True

    async def _write_row(self, batch: Batch) -> bool:
        """Write a row. Its events stay in memory, too, if they are among the next to upload."""
        waiting = self._loaded.waiting
        has_room = waiting.events < self._ahead.events and waiting.bytes < self._ahead.bytes
        taken = has_room and not self._file.unread.events
        row_id = None
        try:
            row_id = await self._file.write(batch.events, taken=taken)
        finally:
            if row_id is None:
                await self._window.requeue(batch)
            else:
                await self._window.acknowledge(batch)
        if row_id is not None and taken:
            self._loaded.load([LoadedRow(row_id, batch.events)])
        return row_id is not None

    async def _put_back(self, batch: Batch) -> None:
        if out := self._out.pop(batch.batch_id, None):
            self._loaded.put_back(out.parts)
            if out.held:
                await self._window.requeue(out.held)

    async def _put_aside(self, events: Sequence[bytes], reason: str, out: _Out) -> None:
        if not await self._file.quarantine(events, reason):
            self._observer.dropped(DropReason.REJECTED, len(events))
        await self._settle(out)

    async def _settle(self, out: _Out) -> None:
        self._settled.update(self._loaded.settle(out.parts))
        if out.held:
            await self._window.acknowledge(out.held)
