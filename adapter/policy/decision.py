"""Verdicts of policies and the decision that they add up to, all as values.

A policy answers `Continue`, `Deny` or an effect: a question that only the world outside can settle
(is there quota left?), together with the pure function that turns its answer into a verdict.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from adapter.policy.catalog import ApiInstance, RateLimit

Header: TypeAlias = tuple[str, str]
"""Lower-case name and value."""


class DenyReason(StrEnum):
    """Coarse, stable codes that clients see; finer detail goes to operators only.

    An unknown client and a wrong secret share one code on purpose.
    """

    CREDENTIALS_MISSING = "credentials_missing"
    CREDENTIALS_INVALID = "credentials_invalid"
    QUOTA_EXCEEDED = "quota_exceeded"
    ADDRESS_REFUSED = "address_refused"
    ADDRESS_UNKNOWN = "address_unknown"
    ACCESS_BLOCKED = "access_blocked"
    EXPRESSION_FAILED = "expression_failed"
    AMBIGUOUS_PATH = "ambiguous_path"
    MALFORMED_REQUEST = "malformed_request"
    API_UNKNOWN = "api_unknown"
    API_UNBOUND = "api_unbound"
    API_CLOSED = "api_closed"
    CONTRACT_CLOSED = "contract_closed"
    NOT_READY = "not_ready"
    TOO_STALE = "too_stale"


class PolicyRef(NamedTuple):
    """Which policy decided: what analytics and operators call it."""

    policy_id: str
    policy_type: str


class Identity(NamedTuple):
    """Who the request was found to come from."""

    client_id: str
    client_name: str = ""
    contract_id: str = ""
    sla_tier: str = ""
    principal: str = ""


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


AMBIGUOUS_PATH: Final = Deny(
    DenyReason.AMBIGUOUS_PATH,
    400,
    "The path is ambiguous",
    detail="not canonical; set normalize_path, merge_slashes and "
    "path_with_escaped_slashes_action in Envoy's HTTP connection manager",
)
"""Where a rule depends on the path, and the path has more than one reading."""


class Continue(NamedTuple):
    """The policy has no objection; what it establishes for those that follow."""

    identity: Identity | None = None
    set_headers: tuple[Header, ...] = ()
    """Headers that the upstream shall see with exactly this value."""
    append_headers: tuple[Header, ...] = ()
    """Values to add to what the header holds by then: a list, joined by commas."""
    remove_headers: tuple[str, ...] = ()
    response_headers: tuple[Header, ...] = ()
    """Headers for the client, on a denial by a later policy too."""


CONTINUE = Continue()
"""The commonest verdict: nothing to object, nothing to add."""


class QuotaWindow(NamedTuple):
    """One counter: requests of one `key` in the current period of `limit`.

    The limit is part of the counter's identity, so that an edited limit starts a new window.
    """

    key: tuple[str, ...]
    limit: RateLimit


class QuotaState(NamedTuple):
    """What a charge found: admitted only if every window had room, and then all were charged."""

    admitted: bool
    remaining: tuple[int, ...]
    """Requests left in each window after this one."""
    reset_ms: tuple[int, ...]
    """Milliseconds until each window ends."""


class Charge(NamedTuple):
    """The effect of a quota: charge all windows or none, then judge by what was found."""

    windows: tuple[QuotaWindow, ...]
    settled: "Callable[[QuotaState], Continue | Deny]"
    local: bool = False
    """Count in this process alone, whatever store is configured (`clusterizable: false`)."""
    identity: Identity | None = None
    """Who is charged, if the policy found out: known of a request that is refused, too."""


Effect: TypeAlias = Charge
Verdict: TypeAlias = Continue | Deny | Effect


class Allowed(NamedTuple):
    """The request may pass, changed like this."""

    api: ApiInstance | None
    """None where the operator lets unbound requests pass."""
    revision: int
    identity: Identity | None = None
    set_headers: tuple[Header, ...] = ()
    remove_headers: tuple[str, ...] = ()
    response_headers: tuple[Header, ...] = ()


class Denied(NamedTuple):
    """The request is refused: `deny` says why, the rest says where."""

    deny: Deny
    revision: int
    api: ApiInstance | None = None
    policy: PolicyRef | None = None
    """The policy that refused; None if it was not a policy."""
    identity: Identity | None = None
    response_headers: tuple[Header, ...] = ()


Decision: TypeAlias = Allowed | Denied
