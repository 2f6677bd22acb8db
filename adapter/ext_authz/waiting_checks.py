"""Bounds the Checks that wait for somebody else, and counts those that end without an answer."""

import asyncio
from collections.abc import Awaitable, Mapping
from types import MappingProxyType
from typing import Final

import structlog

from adapter.errors import OverloadError
from adapter.runtime.clock import Clock, MonotonicTime

_LOG_INTERVAL_S: Final = 60.0
_SHOWN_FOR_S: Final = 300.0


class WaitingChecks:
    """The Checks that wait for a shared quota store, an identity provider or spike control.

    A Check that is decided in memory never waits. At most `most` wait at once: a queue beyond that
    would only hold Checks that Envoy gives up before their turn. When Envoy's deadline has passed
    or its stream is reset, the server cancels the answer, and the Check leaves at once.
    """

    def __init__(self, most: int, clock: Clock) -> None:
        self._most = most
        self._clock = clock
        self._refused_at: MonotonicTime | None = None
        self._logged_at: MonotonicTime | None = None
        self._dropped = {"overload": 0, "abandoned": 0}
        self.now = 0
        """How many wait now."""

    @property
    def dropped(self) -> Mapping[str, int]:
        """Checks without an answer: refused by `overload`, or `abandoned` by Envoy."""
        return MappingProxyType(self._dropped)

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at."""
        refused_at = self._refused_at
        if refused_at is None or self._clock.monotonic() - refused_at > _SHOWN_FOR_S:
            return {}
        return {
            "checks": f"since the start {self._dropped['overload']:,} Checks were refused because "
            f"{self._most:,} others waited already, the last one less than five minutes ago; see "
            "which store or identity provider is slow, or raise listener.max_waiting_checks"
        }

    def start(self, answer: Awaitable[bytes]) -> "asyncio.Future[bytes]":
        """Begin to wait for the answer; raises OverloadError if too many wait already."""
        if self.now >= self._most:
            self._refuse()
        task = asyncio.ensure_future(answer)
        self.now += 1
        # Not in the task itself, whose code does not run if it is cancelled before its first step.
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Future[bytes]") -> None:
        self.now -= 1
        self._dropped["abandoned"] += task.cancelled()

    def _refuse(self) -> None:
        now = self._clock.monotonic()
        self._refused_at = now
        self._dropped["overload"] += 1
        if self._logged_at is None or now - self._logged_at >= _LOG_INTERVAL_S:
            self._logged_at = now
            structlog.get_logger().error("checks.overload", waiting=self.now)
        raise OverloadError(f"{self._most} Checks wait already (listener.max_waiting_checks)")
