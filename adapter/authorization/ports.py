"""What the authorizer needs from outside."""

from collections.abc import Awaitable, Iterable
from typing import Protocol

from adapter.policy.effects import Charge, LogMessage, QuotaState, Throttle
from adapter.runtime.clock import WallTime


class PlatformContact(Protocol):
    """Tells how fresh the snapshot is; asked on the Check path, so it must be cheap."""

    @property
    def reached_platform(self) -> bool:
        """Whether the platform has given any good answer since the start."""

    def synced_at(self, api_id: str) -> WallTime | None:
        """When the platform last confirmed what we have of that API, be it before the start."""


class QuotaStore(Protocol):
    """Counts requests in windows.

    `charge` charges every window of the charge, or none when one is full. It answers at once where
    the counters are in this process, and with an awaitable where they are not. One `check_id` is
    charged once for the same windows, however often Envoy retries the Check. A charge that wants no
    figures may be admitted without. One that needs more counters than its policy's share is
    answered with an unknown quota, so that clients who invent keys get a refusal, and never what
    the operator has Envoy do about failures. Raises StoreError when it cannot answer.
    """

    def charge(self, check_id: str, charge: Charge) -> QuotaState | Awaitable[QuotaState]:
        """Charge, and tell what was found."""


class Throttler(Protocol):
    """Smooths spikes, in this process alone.

    `throttle` answers at once where there is room, or where waiting is not allowed; else with an
    awaitable that asks again. One `check_id` is admitted once, however often Envoy retries.
    """

    def throttle(
        self, check_id: str, throttle: Throttle, wait_at_most_s: float | None
    ) -> QuotaState | Awaitable[QuotaState]:
        """Admit or not; None: whoever asks waits for as long as it takes."""


class MessageLog(Protocol):
    """Takes what message-logging policies say."""

    def offer(self, messages: Iterable[LogMessage]) -> None:
        """Take them without waiting; those that there is no room for are dropped and counted."""
