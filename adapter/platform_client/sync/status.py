"""How the sync is doing, for operators and for readiness."""

from dataclasses import dataclass
from typing import Literal

import structlog

from adapter.errors import PlatformError
from adapter.runtime.clock import Clock, WallTime


@dataclass(frozen=True, slots=True)
class ApiStatus:
    """One API: what is in force and how fresh it is."""

    api_id: str
    name: str
    loaded: bool
    """Whether its policies and contracts are in the snapshot, from wherever."""
    settled: bool
    """Whether it is loaded or has definitely failed, so that readiness need not wait for it."""
    origin: Literal["platform", "disk"] | None
    confirmed_at: WallTime | None
    """When the platform last confirmed its content, be it as unchanged."""
    age_s: float | None
    """Seconds since then."""
    faults: tuple[str, ...]
    """Why it is closed, if it is."""
    ignored: tuple[str, ...]
    """Policy types on it that the operator ignores."""
    contracts: int
    closed_contracts: int
    """Contracts that cannot be honoured."""
    complaints: tuple[str, ...]
    """What the platform sent for it and had to be left out."""
    last_error: str | None
    """What the last poll failed with; None if it succeeded."""


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """The sync as a whole."""

    reached_platform: bool
    """Whether the platform has given any good answer since the start."""
    all_settled: bool
    """Whether the APIs are known, and each is loaded or has definitely failed."""
    last_success_at: WallTime | None
    last_failure_at: WallTime | None
    alarms: tuple[str, ...]
    """What goes wrong in the talk with the platform or the disk; closed APIs are in `apis`."""
    apis: tuple[ApiStatus, ...]


class PollRecord:
    """How the polls of one thing have gone; logs when that changes, and only then."""

    def __init__(self, clock: Clock, confirmed_at: WallTime | None = None, **context: str) -> None:
        self.last_error: str | None = None
        self.confirmed_at = confirmed_at
        """When the platform last gave a complete answer."""
        self.succeeded_at: WallTime | None = None
        """The same, since the start of this process."""
        self.failed_at: WallTime | None = None
        self._clock = clock
        self._context = context

    def succeeded(self) -> None:
        """A poll got a complete answer."""
        if self.last_error is not None:
            structlog.get_logger().info("platform.poll_recovered", **self._context)
        self.last_error = None
        self.confirmed_at = self.succeeded_at = self._clock.now()

    def failed(self, error: Exception) -> None:
        """A poll failed."""
        text = _text(error)
        if text != self.last_error:
            log = structlog.get_logger()
            log.warning("platform.poll_failed", error=text, **self._context)
        self.last_error = text
        self.failed_at = self._clock.now()


def _text(error: Exception) -> str:
    """What an operator may read; an unforeseen exception may hold anything, so only its name."""
    if isinstance(error, PlatformError):
        return str(error)
    return f"unforeseen {type(error).__name__}; the log has its traceback"
