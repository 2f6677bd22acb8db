"""Bounds the Checks that wait for somebody else, and counts those that end without an answer."""

import asyncio
from collections.abc import Awaitable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, NoReturn

import structlog

from adapter.errors import OverloadError
from adapter.runtime.clock import Clock, MonotonicTime
from adapter.runtime.shares import Shares

_LOG_INTERVAL_S: Final = 60.0
_SHOWN_FOR_S: Final = 300.0


class WaitingChecks:
    """The Checks that wait for a shared quota store, an identity provider or spike control.

    A Check that is decided in memory never waits. At most `most` wait at once, and each API has a
    share of these places (`Shares`): one whose provider is slow leaves places for the others. A
    longer queue would only hold Checks that Envoy gives up before they are decided. When Envoy's
    deadline has passed or its stream is reset, the server cancels the answer, and the Check leaves.
    """

    def __init__(self, most: int, clock: Clock) -> None:
        self._places = Shares(most)
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
            "too many of their API waited already, the last one less than five minutes ago; see "
            "which store or identity provider is slow, or raise listener.max_waiting_checks"
        }

    def start(self, answer: Awaitable[bytes], api_id: str) -> "asyncio.Future[bytes]":
        """Begin to wait for the answer; raises OverloadError if the API has used up its share."""
        if not self._places.take(api_id):
            self._refuse(api_id)
        task = asyncio.ensure_future(answer)
        self.now += 1
        # Not in the task itself, whose code does not run if it is cancelled before its first step.
        task.add_done_callback(partial(self._ended, api_id))
        return task

    def _ended(self, api_id: str, task: "asyncio.Future[bytes]") -> None:
        self._places.give_back(api_id)
        self.now -= 1
        self._dropped["abandoned"] += task.cancelled()

    def _refuse(self, api_id: str) -> NoReturn:
        now = self._clock.monotonic()
        self._refused_at = now
        self._dropped["overload"] += 1
        if self._logged_at is None or now - self._logged_at >= _LOG_INTERVAL_S:
            self._logged_at = now
            structlog.get_logger().error("checks.overload", api_id=api_id, waiting=self.now)
        raise OverloadError(
            f"too many Checks of API {api_id} wait already (listener.max_waiting_checks)"
        )
