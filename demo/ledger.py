"""What the demo sent through Envoy, to hold against what the platform says of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

POLICY_OF_REASON: Mapping[str, str] = MappingProxyType(
    {
        "credentials_missing": "client-id-enforcement",
        "credentials_invalid": "client-id-enforcement",
        "quota_exceeded": "rate-limiting-sla-based",
        "address_refused": "ip-blocklist",
    }
)
"""Which policy of the story denies with which reason."""


@dataclass(slots=True)
class Totals:
    """Requests counted in the ways that the platform is asked about them."""

    requests: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    by_application: Counter[str] = field(default_factory=Counter)
    by_violated_policy: Counter[str] = field(default_factory=Counter)
    response_bytes: int = 0
    longest_ms: float = 0.0
    """The longest that any one request took."""

    def add(
        self,
        *,
        status: int,
        application: str,
        violated_policy: str,
        response_bytes: int,
        duration_ms: float,
    ) -> None:
        """Count one request; empty text where there is no application or no violation."""
        self.requests += 1
        self.by_status[str(status)] += 1
        self.by_application[application] += 1
        self.by_violated_policy[violated_policy] += 1
        self.response_bytes += response_bytes
        self.longest_ms = max(self.longest_ms, duration_ms)
