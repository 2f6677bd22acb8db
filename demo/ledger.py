"""Counts what the demo sent through Envoy, to compare it with the platform's analytics."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

POLICY_OF_REASON: Mapping[str, str] = MappingProxyType(
    {
        "credentials_missing": "client-id-enforcement",
        "credentials_invalid": "client-id-enforcement",
        "token_missing": "jwt-validation",
        "token_invalid": "jwt-validation",
        "quota_exceeded": "rate-limiting-sla-based",
        "address_refused": "ip-blocklist",
    }
)
"""The policy of the demo that denies with each reason."""

KNOWN_CLIENT: Final = frozenset({"quota_exceeded", "address_refused"})
"""The reasons of policies that are asked after the client has been identified."""


@dataclass(slots=True)
class Totals:
    """Requests, counted in the same ways as in the platform's analytics."""

    requests: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    by_application: Counter[str] = field(default_factory=Counter)
    by_violated_policy: Counter[str] = field(default_factory=Counter)
    response_bytes: int = 0
    longest_ms: float = 0.0
    """The duration of the slowest request."""

    def add(
        self,
        *,
        status: int,
        application: str,
        violated_policy: str,
        response_bytes: int,
        duration_ms: float,
    ) -> None:
        """Count one request. The text is empty if there is no application or no violation."""
        self.requests += 1
        self.by_status[str(status)] += 1
        self.by_application[application] += 1
        self.by_violated_policy[violated_policy] += 1
        self.response_bytes += response_bytes
        self.longest_ms = max(self.longest_ms, duration_ms)
