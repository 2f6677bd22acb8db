# mypyc: compiled
"""Verdicts of policies and the decision that they add up to, all as values.

A policy answers `Continue`, an `Identity` (who calls, and nothing against it), `Deny`, `Answer` or
an effect: something that only the world outside can settle (is there quota left?), together with
the pure function that turns its outcome into a verdict.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from mypy_extensions import mypyc_attr

from adapter.policy.catalog import ApiInstance, Contract
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


class PolicyRef(NamedTuple):
    """Which policy decided: what analytics and operators call it."""

    policy_id: str
    policy_type: str


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


class Answer(NamedTuple):
    """A response of our own that is no refusal: the 2xx to a CORS preflight."""

    status: int
    headers: tuple[Header, ...] = ()

    @property
    def status_sent(self) -> int:
        """The status that clients get: a success's, whatever `status` says."""
        return min(max(self.status, 200), 299)


AMBIGUOUS_PATH: Final = Deny(
    DenyReason.AMBIGUOUS_PATH,
    400,
    "The path is ambiguous",
    detail="not canonical (docs/policies/paths.md); set normalize_path, merge_slashes and "
    "path_with_escaped_slashes_action in Envoy's HTTP connection manager",
)
"""Where a rule depends on the path, and the path has more than one reading."""
PATH_TOO_LONG: Final = Deny(
    DenyReason.MALFORMED_REQUEST,
    414,
    "The path is too long",
    detail="a policy or a binding looks at the path, and it has more than 4,096 characters, or "
    "more than a pattern with counts in braces bears (docs/policies/paths.md)",
)
"""Where a rule depends on the path, and reading all of it would hold up other requests."""


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


QuotaWindow: TypeAlias = tuple[int, int, *tuple[str, ...]]
"""One counter: so many requests at most in so many milliseconds, of what the texts name. The limit
is part of the counter's name, so that an edited limit starts a new window. Flat, since there may be
a million of them.
"""


class QuotaState(NamedTuple):
    """What a charge found: admitted only if every window had room, and then all were charged."""

    admitted: bool
    remaining: tuple[int, ...]
    """Requests left in each window after this one; empty, as the next, where nobody wants to know
    (`Charge.figures`)."""
    reset_ms: tuple[int, ...]
    """Milliseconds until each window ends."""
    unknown: str = ""
    """Why nobody could count, for operators; the request is to be refused. Empty: it was counted.
    """


ADMITTED: Final = QuotaState(admitted=True, remaining=(), reset_ms=())
"""The commonest answer to a charge whose figures nobody wants."""


@mypyc_attr(acyclic=True)
class Charge(Value):
    """The effect of a quota: charge all windows or none, then judge by what was found."""

    __slots__ = ("contract", "figures", "identity", "local", "settled", "windows")

    def __init__(
        self,
        windows: tuple[QuotaWindow, ...],
        settled: "Callable[[QuotaState], Continue | Deny]",
        local: bool = False,
        identity: Identity | None = None,
        figures: bool = True,
        contract: Contract | None = None,
    ) -> None:
        self.windows: Final = windows
        self.settled: Final = settled
        self.local: Final = local
        """Count in this process alone, whatever store is configured (`clusterizable: false`)."""
        self.identity: Final = identity
        """Who is charged, if the policy found out: known of a request that is refused, too."""
        self.figures: Final = figures
        """Whether what is left is wanted of a request that is admitted: to work it out costs more
        than the charge."""
        self.contract: Final = contract
        """Whose requests the windows count, if it is one contract's: there a store in this process
        may keep its counter, and need not look it up among a million."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return (
            self.windows,
            self.settled,
            self.local,
            self.identity,
            self.figures,
            self.contract,
        )


class Throttle(NamedTuple):
    """The effect of spike control: admit, or ask again a few times while others wait as well."""

    window: QuotaWindow
    """Slides: a request counts for one period."""
    delay_s: float
    attempts: int
    """How often to ask again, each time after `delay_s`."""
    waiting_limit: int
    """How many requests may wait at once."""
    settled: "Callable[[QuotaState], Continue | Deny]"


class LogMessage(NamedTuple):
    """A line that an admin wants in the log; one line of text without control characters."""

    level: Literal["debug", "info", "warning", "error"]
    category: str
    text: str
    api_id: str


class Log(NamedTuple):
    """The effect of message logging; what becomes of the messages decides nothing."""

    messages: tuple[LogMessage, ...]

    def settled(self, _: None) -> Continue:
        """Go on."""
        return CONTINUE


Effect: TypeAlias = Charge | Throttle | Log
Outcome: TypeAlias = QuotaState | None
"""What settles an effect: of the type that the effect's `settled` takes."""
Verdict: TypeAlias = Continue | Identity | Deny | Answer | Effect


@mypyc_attr(acyclic=True)
class Allowed(Value):
    """The request may pass, changed like this."""

    __slots__ = (
        "api",
        "append_response_headers",
        "appended",
        "edits",
        "identity",
        "response_headers",
        "revision",
    )

    def __init__(
        self,
        api: ApiInstance | None,
        revision: int,
        identity: Identity | None = None,
        edits: tuple[Edit, ...] = (),
        response_headers: tuple[Header, ...] = (),
        append_response_headers: tuple[Header, ...] = (),
        appended: tuple[Header, ...] = (),
    ) -> None:
        self.api: Final = api
        """None where the operator lets unbound requests pass."""
        self.revision: Final = revision
        self.identity: Final = identity
        self.edits: Final = edits
        """What the upstream shall see otherwise than the client sent it; each name once."""
        self.response_headers: Final = response_headers
        self.append_response_headers: Final = append_response_headers
        self.appended: Final = appended
        """What Envoy appends to request headers that the client sent; none of them is edited."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return (
            self.api,
            self.revision,
            self.identity,
            self.edits,
            self.response_headers,
            self.append_response_headers,
            self.appended,
        )


class Denied(NamedTuple):
    """The request is refused: `deny` says why, the rest says where."""

    deny: Deny
    revision: int
    api: ApiInstance | None = None
    policy: PolicyRef | None = None
    """The policy that refused; None if it was not a policy."""
    identity: Identity | None = None
    response_headers: tuple[Header, ...] = ()
    append_response_headers: tuple[Header, ...] = ()


class Answered(NamedTuple):
    """The request is answered here and goes no further, though nothing is wrong with it."""

    answer: Answer
    revision: int
    api: ApiInstance | None = None
    identity: Identity | None = None
    response_headers: tuple[Header, ...] = ()
    append_response_headers: tuple[Header, ...] = ()


Decision: TypeAlias = Allowed | Denied | Answered
