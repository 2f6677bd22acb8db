"""Tells our control plane what this adapter runs.

The endpoint is not part of Anypoint's protocol. A platform without it is noticed once, and asked
again once an hour, because it may be a control plane that gets upgraded.
"""

import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, NoReturn, Protocol

import structlog

from adapter.errors import (
    PlatformError,
    PlatformNotFoundError,
    PlatformRefusedError,
    PlatformRejectedError,
    PlatformUnavailableError,
)
from adapter.platform_client.reports.encoding import encoded
from adapter.platform_client.reports.observer import ReportObserver
from adapter.platform_client.reports.report import ReportedAdapter, ReportedApi
from adapter.runtime.backoff import Backoff, Jitter
from adapter.runtime.clock import Clock

_SHORTEST_WAIT_S: Final = 2.0
"""Between two reports, however often the snapshot changes."""
_LONGEST_WAIT_S: Final = 300.0
_NOT_TAKEN_WAIT_S: Final = 3600.0
_NO_SUCH_ENDPOINT: Final = frozenset({405, 501})


class ReportSource(Protocol):
    """What reports are made from."""

    @property
    def revision(self) -> int:
        """The revision of the snapshot: a new one is worth a report."""

    def adapter(self) -> ReportedAdapter:
        """The adapter as a whole."""

    def apis(self) -> Iterator[ReportedApi]:
        """Each API, made when it is asked for."""


class Reporter:
    """Sends a report after each poll interval, and soon after a new snapshot.

    A report that fails is dropped: the next one says all that matters. Nothing else waits for
    reports.
    """

    def __init__(
        self,
        source: ReportSource,
        send: Callable[[bytes], Awaitable[None]],
        clock: Clock,
        *,
        interval_s: float,
        observer: ReportObserver | None = None,
        jitter: Jitter = random.random,
    ) -> None:
        self._source = source
        self._send = send
        self._clock = clock
        self._interval_s = interval_s
        self._observer = observer or ReportObserver()
        self._backoff = Backoff(interval_s, _LONGEST_WAIT_S, jitter)
        self._refused = False
        """Whether the log says that reports are not taken."""
        self._reported_revision = -1
        self._due_at = clock.monotonic()
        self._log = structlog.get_logger()

    async def run(self) -> NoReturn:
        """Report until cancelled."""
        while True:
            await self._clock.sleep(self._pause_s())
            if self._has_news() or self._clock.monotonic() >= self._due_at:
                wait_s = await self._report()
                self._due_at = type(self._due_at)(self._clock.monotonic() + wait_s)

    def _pause_s(self) -> float:
        """Seconds until there may be something to do."""
        shortest = min(_SHORTEST_WAIT_S, self._interval_s)
        if not self._waits_for_platform:
            return shortest
        return max(shortest, self._due_at - self._clock.monotonic())

    @property
    def _waits_for_platform(self) -> bool:
        """Whether the last report failed, so that news make no difference."""
        return self._refused or self._backoff.failures > 0

    def _has_news(self) -> bool:
        return not self._waits_for_platform and self._source.revision != self._reported_revision

    async def _report(self) -> float:
        """Send a report, and return the seconds until the next one."""
        revision = self._source.revision
        try:
            await self._send(await encoded(self._source.adapter(), self._source.apis()))
        except PlatformError as e:
            return self._note_failure(e)
        self._reported_revision = revision
        self._note_success()
        return self._interval_s

    def _note_success(self) -> None:
        self._observer.reported("sent")
        self._backoff.succeeded()
        if self._refused:
            self._log.info("platform.reports_taken")
        self._refused = False

    def _note_failure(self, error: PlatformError) -> float:
        if _is_not_taken(error):
            self._observer.reported("not_taken")
            self._log_refusal(error)
            return _NOT_TAKEN_WAIT_S
        self._observer.reported("failed")
        if not isinstance(error, PlatformUnavailableError):  # the sync says that it is down
            self._log_refusal(error)
        return self._backoff.failed(getattr(error, "retry_after_s", None))

    def _log_refusal(self, error: PlatformError) -> None:
        if not self._refused:
            self._log.info("platform.reports_not_taken", error=str(error))
        self._refused = True


def _is_not_taken(error: PlatformError) -> bool:
    """Whether the platform has no such endpoint, or none for us."""
    status = getattr(error, "status", None)
    missing = isinstance(error, PlatformNotFoundError | PlatformRefusedError)
    return missing or (
        isinstance(error, PlatformRejectedError | PlatformUnavailableError)
        and status in _NO_SUCH_ENDPOINT
    )
