# mypyc: compiled
"""Verdicts: what one policy says about a request, as values.

| verdict | meaning |
|---|---|
| `Continue` | no objection; it may add an identity, headers or claims |
| `Identity` | no objection, and this is who calls |
| `Deny` | the request is refused |
| `DirectResponse` | the adapter responds itself, though nothing is refused |
| an effect (`policy/effects/`) | the verdict depends on the outside world, such as a counter |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias

from mypy_extensions import mypyc_attr

from adapter.policy.contracts.contract import Contract
from adapter.policy.value import Value

Header: TypeAlias = tuple[str, str]
"""Lower-case name and value."""
Edit: TypeAlias = tuple[str, str | None]
"""A request header's lower-case name and its new value; None removes the header."""


class DenyReason(StrEnum):
    """Coarse, stable codes that clients see; operators get more detail.

    An unknown client and a wrong secret share one code, so that nobody can find out which client
    ids exist.
    """

    CREDENTIALS_MISSING = "credentials_missing"
    CREDENTIALS_INVALID = "credentials_invalid"
    TOKEN_MISSING = "token_missing"  # noqa: S105 - a reason
    TOKEN_INVALID = "token_invalid"  # noqa: S105 - a reason
    PROOF_INVALID = "proof_invalid"
    REPLAY_UNKNOWN = "replay_unknown"
    KEYS_UNAVAILABLE = "keys_unavailable"
    SCOPE_MISSING = "scope_missing"
    PROVIDER_FAILED = "provider_failed"
    QUOTA_EXCEEDED = "quota_exceeded"
    QUOTA_UNKNOWN = "quota_unknown"
    ADDRESS_REFUSED = "address_refused"
    ADDRESS_UNKNOWN = "address_unknown"
    ACCESS_BLOCKED = "access_blocked"
    EXPRESSION_FAILED = "expression_failed"
    AMBIGUOUS_HOST = "ambiguous_host"
    AMBIGUOUS_PATH = "ambiguous_path"
    AMBIGUOUS_METHOD = "ambiguous_method"
    METHOD_REFUSED = "method_refused"
    MALFORMED_REQUEST = "malformed_request"
    API_UNKNOWN = "api_unknown"
    API_UNBOUND = "api_unbound"
    API_CLOSED = "api_closed"
    CONTRACT_CLOSED = "contract_closed"
    NOT_READY = "not_ready"
    TOO_STALE = "too_stale"


@mypyc_attr(acyclic=True)
class Identity(Value):
    """Who sends the request."""

    __slots__ = ("client_id", "client_name", "contract", "contract_id", "principal", "sla_tier")

    def __init__(
        self,
        client_id: str,
        client_name: str = "",
        contract_id: str = "",
        sla_tier: str = "",
        principal: str = "",
        contract: Contract | None = None,
    ) -> None:
        self.client_id: Final = client_id
        self.client_name: Final = client_name
        self.contract_id: Final = contract_id
        self.sla_tier: Final = sla_tier
        self.principal: Final = principal
        self.contract: Final = contract
        """The contract that was found, so that later policies need not look it up again."""

    def with_principal(self, principal: str) -> "Identity":
        """The same client, and this user."""
        return Identity(
            self.client_id,
            self.client_name,
            self.contract_id,
            self.sla_tier,
            principal,
            self.contract,
        )

    def held(self) -> tuple[str, str, str, str, str]:
        """See `Value`; `contract_id` stands for the contract."""
        return self.client_id, self.client_name, self.contract_id, self.sla_tier, self.principal


class ExposedQuota(NamedTuple):
    """What clients are told about a limit, if the admin exposes it."""

    maximum_requests: int
    remaining: int
    reset_ms: int

    def stricter(self, other: "ExposedQuota | None") -> "ExposedQuota":
        """The quota with fewer requests left; with equally many, the one that lasts longer."""
        if other is None or (self.remaining, -self.reset_ms) <= (other.remaining, -other.reset_ms):
            return self
        return other

    @property
    def headers(self) -> tuple[Header, ...]:
        """Response headers as the vendor's gateways write them; the reset is in milliseconds."""
        return (
            ("x-ratelimit-limit", str(self.maximum_requests)),
            ("x-ratelimit-remaining", str(self.remaining)),
            ("x-ratelimit-reset", str(self.reset_ms)),
        )


@dataclass(frozen=True, slots=True)
class Deny:
    """Refuses the request: a policy says no, or the adapter has nothing to decide by."""

    reason: DenyReason
    status: int
    message: str
    """For the client: the `error` of the JSON body. Names no secret and no internals."""
    detail: str = ""
    """For operators: what exactly was wrong."""
    headers: tuple[Header, ...] = ()
    exposed_quota: ExposedQuota | None = None
    identity: Identity | None = None
    """Who is refused, if the policy that refuses has found out; for operators and analytics."""

    @property
    def status_sent(self) -> int:
        """The HTTP status that clients get: `status`, moved into 400 to 599."""
        return min(max(self.status, 400), 599)


class DirectResponse(NamedTuple):
    """A response of our own that is no refusal, such as the 204 to a CORS preflight."""

    status: int
    headers: tuple[Header, ...] = ()

    @property
    def status_sent(self) -> int:
        """The HTTP status that clients get: `status`, moved into 200 to 299."""
        return min(max(self.status, 200), 299)


class Continue(NamedTuple):
    """The policy has no objection; the fields are what it adds."""

    identity: Identity | None = None
    set_headers: tuple[Header, ...] = ()
    """Request headers that the upstream gets with exactly this value."""
    append_headers: tuple[Header, ...] = ()
    """Values to append to request headers, joined by commas."""
    remove_headers: tuple[str, ...] = ()
    response_headers: tuple[Header, ...] = ()
    """Headers that the client gets with this value, even if a later policy denies."""
    append_response_headers: tuple[Header, ...] = ()
    """Headers that the client gets in addition to those of the upstream."""
    exposed_quota: ExposedQuota | None = None
    """If several policies expose a quota, the client is told the strictest."""
    claims: Mapping[str, Any] | None = None
    """The claims of a verified token: JSON values, with Decimal for exact fractions."""


CONTINUE = Continue()
"""The most common verdict: no objection, nothing to add."""

Conclusion: TypeAlias = Continue | Identity | Deny | DirectResponse
"""A verdict that needs nothing more from the outside world."""
