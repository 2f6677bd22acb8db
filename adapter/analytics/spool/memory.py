"""Where events wait for their upload."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from adapter.analytics.observer import AnalyticsObserver, DropReason


class BatchLimit(NamedTuple):
    """What makes a full batch: so many events, or so many bytes of JSON."""

    events: int
    bytes: int


class Backlog(NamedTuple):
    """What waits, batches that are out for upload included."""

    events: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The oldest events, out for upload until they are acknowledged, put back or given up."""

    batch_id: int
    events: tuple[bytes, ...] = field(repr=False)


class EventSpool(Protocol):
    """A bounded queue of events, each one JSON object, oldest first.

    `offer` never waits, so that it can be called for every request; what is called once for a
    batch may wait for a disk. Over its bounds a spool gives up its oldest events, and counts them.
    A batch id that is not out is passed over, so that a cancelled upload can always put back.
    """

    def offer(self, events: Sequence[bytes]) -> None:
        """Take events in."""

    @property
    def backlog(self) -> Backlog:
        """How much waits."""

    def has_full(self, limit: BatchLimit) -> bool:
        """Whether a full batch can be taken."""

    async def wait_full(self, limit: BatchLimit) -> None:
        """Wait until a full batch can be taken; for one caller at a time."""

    async def take(self, limit: BatchLimit) -> Batch | None:
        """Take the oldest events out, at least one; None if there are none."""

    async def acknowledge(self, batch: Batch) -> None:
        """The platform has them: forget them."""

    async def requeue(self, batch: Batch) -> None:
        """Put them back, ahead of all that came later."""

    async def quarantine(self, batch: Batch) -> None:
        """The platform will never take them: out of the way, and counted."""

    async def close(self) -> None:
        """Take no more; what cannot outlive the process is given up, and counted."""


class MemorySpool:
    """A spool in memory; what is not uploaded when the process ends is lost, and counted.

    The bounds are those of the queue; on top comes what is out for upload, one batch as a rule.
    """

    def __init__(
        self, max_events: int, max_bytes: int, observer: AnalyticsObserver | None = None
    ) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._observer = observer or AnalyticsObserver()
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._out: dict[int, Batch] = {}
        self._next_id = 1
        self._wanted: BatchLimit | None = None
        self._full = asyncio.Event()
        self._closed = False

    def offer(self, events: Sequence[bytes]) -> None:
        """See `EventSpool.offer`."""
        if self._closed:
            self._observer.dropped(DropReason.SHUTDOWN, len(events))
            return
        self._queue.extend(events)
        self._queued_bytes += sum(map(len, events))
        self._keep_bounds()
        if self._wanted and self.has_full(self._wanted):
            self._full.set()

    @property
    def backlog(self) -> Backlog:
        """See `EventSpool.backlog`."""
        out = [event for batch in self._out.values() for event in batch.events]
        return Backlog(len(self._queue) + len(out), self._queued_bytes + sum(map(len, out)))

    def has_full(self, limit: BatchLimit) -> bool:
        """See `EventSpool.has_full`."""
        return len(self._queue) >= limit.events or self._queued_bytes >= limit.bytes

    async def wait_full(self, limit: BatchLimit) -> None:
        """See `EventSpool.wait_full`."""
        self._wanted = limit
        while not self.has_full(limit):
            self._full.clear()
            await self._full.wait()

    async def take(self, limit: BatchLimit) -> Batch | None:
        """See `EventSpool.take`."""
        # All at once, since Checks wait meanwhile; what is too much, which is rare, goes back.
        events = [self._queue.popleft() for _ in range(min(limit.events, len(self._queue)))]
        if not events:
            return None
        size = sum(map(len, events))
        while size > limit.bytes and len(events) > 1:
            size -= len(events[-1])
            self._queue.appendleft(events.pop())
        self._queued_bytes -= size
        batch = Batch(self._next_id, tuple(events))
        self._next_id += 1
        self._out[batch.batch_id] = batch
        return batch

    async def acknowledge(self, batch: Batch) -> None:
        """See `EventSpool.acknowledge`."""
        self._out.pop(batch.batch_id, None)

    async def requeue(self, batch: Batch) -> None:
        """See `EventSpool.requeue`."""
        if self._out.pop(batch.batch_id, None):
            self._queue.extendleft(reversed(batch.events))
            self._queued_bytes += sum(map(len, batch.events))
            self._keep_bounds()

    async def quarantine(self, batch: Batch) -> None:
        """Memory is no place to keep what nobody can use: they are dropped."""
        if self._out.pop(batch.batch_id, None):
            self._observer.dropped(DropReason.REJECTED, len(batch.events))

    async def close(self) -> None:
        """See `EventSpool.close`."""
        self._closed = True
        if lost := self.backlog.events:
            self._observer.dropped(DropReason.SHUTDOWN, lost)
        self._queue.clear()
        self._queued_bytes = 0
        self._out.clear()

    def _keep_bounds(self) -> None:
        excess = 0
        while len(self._queue) > self._max_events or self._queued_bytes > self._max_bytes:
            self._queued_bytes -= len(self._queue.popleft())
            excess += 1
        if excess:
            self._observer.dropped(DropReason.SPOOL_FULL, excess)
