"""Counts failed calls, and logs those that failed because of a bug."""

import structlog

from adapter.runtime.clock import Clock
from adapter.transport.observer import TransportObserver
from adapter.transport.service import is_meant, status_of

_QUIET_S = 10.0


class FailureReport:
    """Counts every failed call. Logs bugs, at most one traceback per method in 10 seconds."""

    def __init__(self, observer: TransportObserver, clock: Clock) -> None:
        self._observer = observer
        self._clock = clock
        self._quiet_until: dict[str, float] = {}
        self._suppressed: dict[str, int] = {}
        self._log = structlog.get_logger()

    def status(self, path: str, error: Exception) -> tuple[int, str]:
        """Count the failure and log it if it is a bug. Returns the status to answer with."""
        code, message = status_of(error)
        self._observer.call_failed(path, code)
        if not is_meant(error):
            self._log_bug(path, error)
        return code, message

    def _log_bug(self, path: str, error: Exception) -> None:
        now = self._clock.monotonic()
        if now < self._quiet_until.get(path, now):
            self._suppressed[path] = self._suppressed.get(path, 0) + 1
            return
        self._quiet_until[path] = now + _QUIET_S
        self._log.error(
            "transport.call_failed",
            method=path,
            suppressed=self._suppressed.pop(path, 0),
            exc_info=error,
        )
