"""Calls that failed: all counted, bugs logged now and then."""

import structlog

from adapter.runtime.clock import Clock
from adapter.transport.observer import TransportObserver
from adapter.transport.service import is_meant, status_of

_QUIET_S = 10.0


class FailureReport:
    """Counts every failed call, and logs bugs: one traceback a method in a while, not a flood."""

    def __init__(self, observer: TransportObserver, clock: Clock) -> None:
        self._observer = observer
        self._clock = clock
        self._quiet_until: dict[str, float] = {}
        self._suppressed: dict[str, int] = {}
        self._log = structlog.get_logger()

    def status(self, path: str, error: Exception) -> tuple[int, str]:
        """Count the failure, log it where it is a bug, and tell what to answer."""
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
