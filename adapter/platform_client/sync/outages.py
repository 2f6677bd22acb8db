"""What fails now, by reason, so that one failure of the platform is one message.

An outage of an hour with a thousand APIs is one line in the log when it begins, one when it is
over, and one alarm, not a line for each poll of each API.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Final

import structlog

from adapter.errors import PlatformError
from adapter.runtime.clock import Clock, WallTime

_MOST_NAMES: Final = 5
_MOST_OUTAGES: Final = 50


@dataclass(slots=True)
class Outage:
    """One reason why polls fail."""

    message: str
    """What the first of these polls failed with."""
    since: WallTime
    failed_polls: int = 0
    names: dict[str, None] = field(default_factory=dict)
    """What is polled and has failed like this since its last success, in order."""

    @property
    def alarm(self) -> str:
        """A line for operators."""
        since = datetime.fromtimestamp(self.since, UTC).isoformat(timespec="seconds")
        return f"{_shown(self.names)}: {self.message} (since {since})"


class Outages:
    """The outages that last, by reason. At most fifty reasons are told apart."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_reason: dict[str, Outage] = {}
        self._reasons: dict[str, str] = {}
        """By what is polled: why its last poll failed."""

    @property
    def current(self) -> tuple[Outage, ...]:
        """Those that a last poll still failed with."""
        reasons = set(self._reasons.values())
        return tuple(o for reason, o in self._by_reason.items() if reason in reasons)

    @property
    def failures(self) -> Mapping[str, str]:
        """What could not be polled the last time, and why."""
        return {
            name: outage.message
            for name, reason in self._reasons.items()
            if (outage := self._by_reason.get(reason)) is not None
        }

    def failed(self, name: str, error: Exception) -> None:
        """Note that a poll of `name` failed; logs it if nothing has failed like this."""
        reason = error.why if isinstance(error, PlatformError) else type(error).__name__
        outage = self._by_reason.get(reason)
        if outage is None:
            outage = Outage(shown_error(error), self._clock.now())
            self._log_begin(name, outage, error)
            if len(self._by_reason) < _MOST_OUTAGES:
                self._by_reason[reason] = outage
        outage.failed_polls += 1
        outage.names[name] = None
        self._reasons[name] = reason

    def succeeded(self, name: str) -> None:
        """Note that a poll of `name` succeeded; logs each outage that this ends."""
        if self._reasons.pop(name, None) is None:
            return
        for reason, outage in tuple(self._by_reason.items()):
            was_in = name in outage.names
            outage.names.pop(name, None)
            if was_in and not outage.names:
                del self._by_reason[reason]
                self._log_end(name, outage)

    def forget(self, name: str) -> None:
        """Forget what is no longer polled."""
        self._reasons.pop(name, None)
        for reason, outage in tuple(self._by_reason.items()):
            outage.names.pop(name, None)
            if not outage.names:
                del self._by_reason[reason]

    def _log_begin(self, name: str, outage: Outage, error: Exception) -> None:
        log = structlog.get_logger().bind(of=name)
        if isinstance(error, PlatformError):
            log.warning("platform.poll_failed", error=outage.message)
        else:
            log.error("platform.poll_broke", exc_info=error)

    def _log_end(self, name: str, outage: Outage) -> None:
        structlog.get_logger().info(
            "platform.poll_recovered",
            of=name,
            error=outage.message,
            failed_for_s=round(self._clock.now() - outage.since, 1),
            failed_polls=outage.failed_polls,
        )


def shown_error(error: Exception) -> str:
    """What an operator may read. Other exceptions may hold secrets: only the name is shown."""
    if isinstance(error, PlatformError):
        return str(error)
    return f"unforeseen {type(error).__name__}; the log has its traceback"


def _shown(names: dict[str, None]) -> str:
    first = ", ".join(islice(names, _MOST_NAMES))
    more = len(names) - _MOST_NAMES
    return f"{first} and {more} more" if more > 0 else first
