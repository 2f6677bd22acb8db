"""Says which APIs got requests that nobody asked the adapter about.

They passed Envoy, so no policy applied to them. Nothing else tells: their clients are content, and
their events look like those of allowed requests.
"""

from collections.abc import Mapping
from typing import Final

import structlog

from adapter.runtime.clock import Clock
from adapter.telemetry.recent_counts import MINUTES, RecentCounts

_FIX: Final = (
    "examine the route with policy-adapter doctor: it lacks the ext_authz filter or turns it off "
    "(under Envoy Gateway by a SecurityPolicy without mergeType), or failure_mode_allow is true"
)


class UncheckedRequests:
    """Logs unchecked requests to bound APIs, and counts those of the last minutes, by API."""

    def __init__(self, clock: Clock) -> None:
        self._recent = RecentCounts(clock)
        self._log = structlog.get_logger()

    def add(self, api_id: str) -> None:
        """Report one."""
        suppressed = self._recent.add(api_id)
        if suppressed is not None:
            self._log.warning(
                "analytics.request_unchecked", api_id=api_id, suppressed=suppressed, fix=_FIX
            )

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at, by API."""
        return {
            f"api {api_id} unchecked": f"in the last {MINUTES} minutes {count:,} requests passed "
            f"without a Check; {_FIX}"
            for api_id, count in self._recent.counts.items()
        }
