"""What the authorizer needs from outside."""

from collections.abc import Awaitable
from typing import Protocol

from adapter.clock import WallTime
from adapter.policy.decision import Charge, QuotaState


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
    charged once for the same windows, however often Envoy retries the Check. Raises StoreError
    when it cannot answer, OverloadError when it cannot hold more counters.
    """

    def charge(self, check_id: str, charge: Charge) -> QuotaState | Awaitable[QuotaState]:
        """Charge, and tell what was found."""
