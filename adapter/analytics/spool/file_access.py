"""The spool file, as the event loop sees it: no call raises, and failures become alarms."""

import asyncio
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import structlog

from adapter.analytics.observer import AnalyticsObserver, DropReason
from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.spool.row_values import Changes, Dropped, LoadedRow, State, Totals
from adapter.analytics.spool.rows import SpoolRows
from adapter.analytics.spool.spool_file import SpoolFile, SpoolFileError, SpoolLostError
from adapter.runtime.backoff import Backoff, Jitter
from adapter.runtime.clock import Clock, MonotonicTime

Result = TypeVar("Result")

_FIRST_RETRY_S: Final = 1.0
_LONGEST_RETRY_S: Final = 60.0
_LONGEST_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class FileBounds:
    """How much the file may hold. Beyond it, the oldest events are dropped."""

    max_bytes: int
    """Bytes of events."""
    max_age_s: float


class Tidied(NamedTuple):
    """What was found while the file was tidied."""

    in_memory: frozenset[int] | None
    """The rows that are left of those whose events are in memory, if another process changed the
    file."""


class _Visit(NamedTuple):
    unread: Totals
    quarantined: Totals
    changes: Changes | None
    dropped: Dropped


class FileAccess:
    """Reads and writes the file in a thread of its own. One call at a time.

    After a failure, writing is tried again after growing waits. What a damaged file held is
    counted as lost.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        bounds: FileBounds,
        observer: AnalyticsObserver,
        jitter: Jitter = random.random,
    ) -> None:
        self._clock = clock
        self._bounds = bounds
        self._observer = observer
        self._file = SpoolFile(path, clock)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._backoff = Backoff(_FIRST_RETRY_S, _LONGEST_RETRY_S, jitter)
        self._retry_at = MonotonicTime(0)
        self._log = structlog.get_logger()
        self.unread = Totals()
        """Events that are to be uploaded and were not read yet."""
        self.quarantined = Totals()
        self.failure = ""
        """Why the file cannot be used now."""
        self._loss_is_new = False
        self.loss = ""
        """Why the content of a file was lost since the start."""

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at."""
        alarms = {}
        if self.failure:
            alarms["events spool"] = f"events are kept in memory only: {self.failure}"
        if self.loss:
            alarms["events spool damaged"] = self.loss
        if self.quarantined.events:
            alarms["events quarantined"] = (
                f"the platform refused {self.quarantined.events} events for good; "
                "`policy-adapter spool list` says why"
            )
        return alarms

    @property
    def may_write(self) -> bool:
        """Whether the wait after the last failure is over."""
        return self._clock.monotonic() >= self._retry_at

    def take_loss(self) -> bool:
        """Whether a file was lost since the last call."""
        is_new, self._loss_is_new = self._loss_is_new, False
        return is_new

    async def tidy(self, settled: Collection[int]) -> Tidied | None:
        """Delete settled rows and keep the bounds; None if that failed."""
        oldest_ms = self._now_ms() - int(self._bounds.max_age_s * 1000)

        def work(rows: SpoolRows) -> _Visit:
            if settled:
                rows.delete(settled)
            changes = rows.see_changes()
            dropped = rows.drop_oldest(self._bounds.max_bytes, oldest_ms)
            return _Visit(rows.unread, rows.quarantined, changes, dropped)

        visit = await self._use(work)
        if visit is None:
            return None
        self.unread, self.quarantined = visit.unread, visit.quarantined
        self._count(DropReason.SPOOL_FULL, visit.dropped.full)
        self._count(DropReason.EXPIRED, visit.dropped.expired)
        if visit.changes is None:
            return Tidied(None)
        self._count(DropReason.DELETED, visit.changes.deleted)
        return Tidied(visit.changes.in_memory)

    async def write(self, events: Sequence[bytes], *, taken: bool) -> int | None:
        """Write events as a row. Returns its id; None if that failed.

        If `taken`, its events stay in memory, and are not to be read.
        """
        now_ms = self._now_ms()

        def work(rows: SpoolRows) -> tuple[int, Totals]:
            return rows.add(events, now_ms, taken=taken), rows.unread

        written = await self._use(work)
        if written is None:
            return None
        row_id, self.unread = written
        return row_id

    async def read(self, limit: BatchLimit) -> list[LoadedRow]:
        """Read the next rows; none if that is not possible now."""

        def work(rows: SpoolRows) -> tuple[list[LoadedRow], int, Totals]:
            return (*rows.read(limit), rows.unread)

        found = await self._use(work)
        if found is None:
            self.unread = Totals()
            return []
        loaded, damaged, self.unread = found
        if damaged:
            self.loss = f"{damaged} events of the spool file were damaged, and deleted"
            self._log.error("spool.events_damaged", events=damaged)
        self._count(DropReason.SPOOL_LOST, damaged)
        return loaded

    async def quarantine(self, events: Sequence[bytes], reason: str) -> bool:
        """Put events aside. Returns whether that was possible."""
        now_ms, why = self._now_ms(), " ".join(reason.split())[:_LONGEST_REASON]

        def work(rows: SpoolRows) -> Totals:
            rows.add(events, now_ms, State.QUARANTINED, why)
            return rows.quarantined

        quarantined = await self._use(work)
        if quarantined is None:
            return False
        self.quarantined = quarantined
        return True

    def note_success(self) -> None:
        """End the alarm: everything could be written."""
        if self.failure:
            self._log.info("spool.recovered")
        self.failure = ""
        self._backoff.succeeded()

    async def close(self) -> None:
        """Close the file. It is the last call."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._file.close)
        self._thread.shutdown()

    async def _use(self, work: Callable[[SpoolRows], Result]) -> Result | None:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._file.use, work)
        except SpoolLostError as e:
            self._note_loss(str(e))
        except SpoolFileError as e:
            self._note_failure(str(e))
        return None

    def _note_loss(self, message: str) -> None:
        lost = self.unread.events + self.quarantined.events
        self.loss = f"{message}; {lost} events in it were lost" if lost else message
        self._loss_is_new = True
        self._log.error("spool.lost", error=message, events=lost)
        self._count(DropReason.SPOOL_LOST, lost)
        self.unread = self.quarantined = Totals()

    def _note_failure(self, message: str) -> None:
        if message != self.failure:
            self._log.error("spool.failed", error=message)
        self.failure = message
        self._retry_at = MonotonicTime(self._clock.monotonic() + self._backoff.failed())

    def _count(self, reason: DropReason, events: int) -> None:
        if events:
            self._observer.dropped(reason, events)

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)
