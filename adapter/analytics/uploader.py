"""Uploads the events of the spool to the platform."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol, TypeAlias

import structlog

from adapter.analytics.observer import AnalyticsObserver, DropReason
from adapter.analytics.spool.batch import Batch, BatchLimit
from adapter.analytics.spool.port import EventSpool
from adapter.analytics.upload_body import gzip_array
from adapter.errors import (
    PlatformError,
    PlatformRefusedError,
    PlatformRejectedError,
    PlatformUnavailableError,
)
from adapter.runtime.backoff import Backoff, Jitter
from adapter.runtime.clock import Clock, WallTime
from adapter.runtime.deadline import within

_CONTENT_TOO_LARGE: Final = 413
_REGROWTH: Final = 100
"""After a 413, each success makes batches larger again by a hundredth of the full size."""


EncodeEvents: TypeAlias = Callable[[Sequence[bytes]], Awaitable[bytes]]
"""Makes a compressed body from a batch of events."""


class EventUpload(Protocol):
    """Sends events to the platform, or to another place that takes them."""

    async def send_events(self, gzip_body: bytes) -> int:
        """Send a compressed batch of events, and return when the platform has accepted it.

        Returns the number of events in it that the platform refused for good.

        Raises PlatformRejectedError if the platform will never accept this batch, and another
        PlatformError if it may accept the batch later.
        """


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """When to send batches, and how long to wait after failures."""

    batch: BatchLimit
    """A full batch. Its bytes are those of JSON, before compression."""
    max_age_s: float
    """Longest time that an event waits for its batch to fill."""
    backoff_base_s: float = 1.0
    backoff_cap_s: float = 300.0
    """Longest wait between two attempts, even if the platform's `Retry-After` asks for more."""


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """Whether uploads succeed, for operators."""

    last_success: WallTime | None = None
    failing_since: WallTime | None = None
    """None while uploads succeed."""
    last_error: str = ""


class EventUploader:
    """Sends a full batch at once, and a partial batch after `max_age_s`. It never gives up.

    - A batch whose upload failed goes back to the spool. Its events are sent again with the same
      ids, after a wait that grows with each failure.
    - After a 413 (content too large) the same events are sent in smaller batches.
    - A batch that the platform refuses for good is quarantined, and the next batch is sent. The
      first of several in a row is logged.

    Names of log lines begin with `name`.
    """

    def __init__(
        self,
        spool: EventSpool,
        upload: EventUpload,
        clock: Clock,
        options: UploadOptions,
        *,
        encode: EncodeEvents = gzip_array,
        name: str = "analytics",
        observer: AnalyticsObserver | None = None,
        jitter: Jitter = random.random,
    ) -> None:
        self._spool = spool
        self._upload = upload
        self._clock = clock
        self._options = options
        self._observer = observer or AnalyticsObserver()
        self._limit = options.batch
        self._backoff = Backoff(options.backoff_base_s, options.backoff_cap_s, jitter)
        self._status = UploadStatus()
        self._encode = encode
        self._name = name
        self._log = structlog.get_logger()

    @property
    def status(self) -> UploadStatus:
        """Whether uploads succeed."""
        return self._status

    async def run(self) -> NoReturn:
        """Upload until cancelled. A batch that is being uploaded then goes back to the spool."""
        while True:
            full = self._spool.wait_full(self._limit)
            filled = await within(self._clock, self._options.max_age_s, full)
            while self._spool.has_full(self._limit):
                await self._settle_one()
            if not filled:
                await self._settle_one()

    async def flush(self, deadline_s: float) -> bool:
        """Send all events within the deadline; False if some are left. For shutdown.

        Call it after `run` was cancelled and the access log streams have ended.
        """
        # After a long outage the next wait would be long, and leave time for one attempt only.
        self._backoff.succeeded()
        done = await within(self._clock, deadline_s, self._settle_all())
        if not done:
            left = self._spool.backlog.events
            self._log.warning(f"{self._name}.flush_incomplete", events=left, deadline_s=deadline_s)
        return done

    async def _settle_all(self) -> None:
        while self._spool.backlog.events:
            await self._settle_one()

    async def _settle_one(self) -> None:
        """Try until the platform has accepted or refused one batch for good."""
        while batch := await self._spool.take(self._limit):
            try:
                pause_s = await self._attempt(batch)
            except BaseException:  # cancelled, or a bug: in both cases no event may be lost
                await self._spool.requeue(batch)
                raise
            if pause_s is None:
                return
            await self._clock.sleep(pause_s)

    async def _attempt(self, batch: Batch) -> float | None:
        """Send a batch once. Returns the seconds until the next attempt; None if it is settled."""
        try:
            refused = await self._upload.send_events(await self._encode(batch.events))
        except PlatformRejectedError as e:
            first = self._status.failing_since is None
            self._note_failure(e)
            return await self._rejected(batch, e, first=first)
        except PlatformError as e:
            self._note_failure(e)
            await self._spool.requeue(batch)
            return self._backoff_s(e)
        await self._spool.acknowledge(batch)
        self._note_success(len(batch.events) - refused)
        if refused:
            self._observer.dropped(DropReason.REJECTED, refused)
            self._log.error(f"{self._name}.events_rejected", events=refused)
        return None

    async def _rejected(
        self, batch: Batch, error: PlatformRejectedError, *, first: bool
    ) -> float | None:
        count = len(batch.events)
        if error.status == _CONTENT_TOO_LARGE and count > 1:
            await self._spool.requeue(batch)
            self._limit = self._limit._replace(events=count // 2)
            self._log.warning(f"{self._name}.batch_too_large", events=count, next_try=count // 2)
            return 0.0
        await self._spool.quarantine(batch, str(error))
        if first:
            self._log.error(f"{self._name}.batch_rejected", events=count, error=str(error))
        return None

    def _backoff_s(self, error: PlatformError) -> float:
        """Count the failure and return the seconds to wait after it."""
        if not self._backoff.failures:
            self._log.warning(f"{self._name}.upload_failing", error=str(error))
        asked_s = error.retry_after_s if isinstance(error, PlatformUnavailableError) else None
        return self._backoff.failed(asked_s)

    def _note_failure(self, error: PlatformError) -> None:
        self._observer.upload_failed(failure_kind(error))
        since = self._status.failing_since or self._clock.now()
        self._status = UploadStatus(self._status.last_success, since, str(error))

    def _note_success(self, count: int) -> None:
        if self._backoff.failures:
            self._log.info(f"{self._name}.upload_recovered", failures=self._backoff.failures)
        self._backoff.succeeded()
        self._observer.uploaded(count)
        self._status = UploadStatus(last_success=self._clock.now())
        full = self._options.batch.events
        grown = self._limit.events + max(full // _REGROWTH, 1)
        self._limit = self._limit._replace(events=min(grown, full))


def failure_kind(error: PlatformError) -> str:
    """The kind of a failed upload. There are few kinds, so that a metric may have them as label."""
    match error:
        case PlatformUnavailableError():
            return "unavailable"
        case PlatformRefusedError():
            return "refused"
        case PlatformRejectedError(status=413):
            return "too_large"
        case PlatformRejectedError():
            return "rejected"
    return "other"
