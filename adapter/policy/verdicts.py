# mypyc: compiled
"""What a policy says about a request, as values."""

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
"""A request header's lower-case name and what it is set to; None: it is removed."""


class DenyReason(StrEnum):
    """Coarse, stable codes that clients see; finer detail goes to operators only.

    An unknown client and a wrong secret share one code on purpose.
    """

    CREDENTIALS_MISSING = "credentials_missing"
    CREDENTIALS_INVALID = "credentials_invalid"
    QUOTA_EXCEEDED = "quota_exceeded"
    QUOTA_UNKNOWN = "quota_unknown"
    ADDRESS_REFUSED = "address_refused"
    ADDRESS_UNKNOWN = "address_unknown"
    ACCESS_BLOCKED = "access_blocked"
    EXPRESSION_FAILED = "expression_failed"
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
    """Who the request was found to come from."""

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
        """The one that was found, so that no later policy has to look for it."""

    def held(self) -> tuple[str, str, str, str, str]:
        """See `Value`; the contract is told by its id."""
        return self.client_id, self.client_name, self.contract_id, self.sla_tier, self.principal


class ExposedQuota(NamedTuple):
    """What clients are told of a limit, where the admin wants them to know."""

    maximum_requests: int
    remaining: int
    reset_ms: int

    def stricter(self, other: "ExposedQuota | None") -> "ExposedQuota":
        """The one with less left; of those with equally little the one that lasts longer."""
        if other is None or (self.remaining, -self.reset_ms) <= (other.remaining, -other.reset_ms):
            return self
        return other

    @property
    def headers(self) -> tuple[Header, ...]:
        """As the vendor's gateways write it; the reset is in milliseconds."""
        return (
            ("x-ratelimit-limit", str(self.maximum_requests)),
            ("x-ratelimit-remaining", str(self.remaining)),
            ("x-ratelimit-reset", str(self.reset_ms)),
        )


@dataclass(frozen=True, slots=True)
class Deny:
    """A refusal by policy, or by us for want of something to decide with."""

    reason: DenyReason
    status: int
    message: str
    """For the client: the JSON body's `error`. Names no secret and no internals."""
    detail: str = ""
    """For operators: what exactly was wrong."""
    headers: tuple[Header, ...] = ()
    exposed_quota: ExposedQuota | None = None

    @property
    def status_sent(self) -> int:
        """The status that clients get: an error's, whatever `status` says."""
        return min(max(self.status, 400), 599)


class DirectResponse(NamedTuple):
    """A response of our own that is no refusal: the 2xx to a CORS preflight."""

    status: int
    headers: tuple[Header, ...] = ()

    @property
    def status_sent(self) -> int:
        """The status that clients get: a success's, whatever `status` says."""
        return min(max(self.status, 200), 299)


class Continue(NamedTuple):
    """The policy has no objection; what it establishes for those that follow."""

    identity: Identity | None = None
    set_headers: tuple[Header, ...] = ()
    """Headers that the upstream shall see with exactly this value."""
    append_headers: tuple[Header, ...] = ()
    """Values to add to what the header holds by then: a list, joined by commas."""
    remove_headers: tuple[str, ...] = ()
    response_headers: tuple[Header, ...] = ()
    """Headers that the client shall see with this value, on a denial by a later policy too."""
    append_response_headers: tuple[Header, ...] = ()
    """Headers that the client shall see beside those that the upstream sends."""
    exposed_quota: ExposedQuota | None = None
    """Of several, the strictest one is told to the client."""
    claims: Mapping[str, Any] | None = None
    """What a verified token says; values are JSON's, with Decimal for exact fractions."""


CONTINUE = Continue()
"""The commonest verdict: nothing to object, nothing to add."""
