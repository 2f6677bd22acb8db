"""A spool in memory."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

from adapter.analytics.observer import AnalyticsObserver, DropReason
from adapter.analytics.spool.batch import Backlog, Batch, BatchLimit


class MemorySpool:
    """A spool in memory. Events that are not uploaded when the process ends are lost and counted.

    `max_events` and `max_bytes` bound the queue. Batches that are out, usually one, come on top.
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

    @property
    def quarantined(self) -> Backlog:
        """See `EventSpool.quarantined`: nothing."""
        return Backlog(0, 0)

    @property
    def alarms(self) -> Mapping[str, str]:
        """See `EventSpool.alarms`: none."""
        return {}

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
        # Checks wait meanwhile. So all events are taken in one step, and put back if they are too
        # large, which is rare.
        events = [self._queue.popleft() for _ in range(min(limit.events, len(self._queue)))]
        if not events:
            return None
        size = sum(map(len, events))
        while size > limit.bytes and len(events) > 1:
            size -= len(events[-1])
            self._queue.appendleft(events.pop())
        self._queued_bytes -= size
        return self.adopt(tuple(events))

    def adopt(self, events: tuple[bytes, ...]) -> Batch:
        """Take in events that are out already. Returns the batch to settle."""
        batch = Batch(self._next_id, events)
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

    async def quarantine(self, batch: Batch, reason: str) -> None:  # noqa: ARG002 - the port's
        """See `EventSpool.quarantine`. The events are dropped, since memory is scarce."""
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
