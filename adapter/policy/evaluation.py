"""What the policies of one request see and what they have established so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from adapter.clock import WallTime
from adapter.policy.attributes import RequestAttributes
from adapter.policy.catalog import AppliedPolicy, Contract, SlaTier
from adapter.policy.decision import Continue, ExposedQuota, Header, Identity, Verdict

_NO_CLAIMS: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ActiveContract:
    """A contract ready for lookup: its tier resolved, its fault, if any, known."""

    contract: Contract
    tier: SlaTier | None = None
    fault: str | None = None
    """Why it cannot be honoured; the requests of this contract alone are denied."""

    def identity(self, principal: str = "") -> Identity:
        """Who comes under this contract, with the user that was found beside the application."""
        application = self.contract.application
        return Identity(
            application.client_id,
            application.name,
            self.contract.contract_id,
            self.tier.name if self.tier else "",
            principal,
        )


class Evaluation:
    """One request on its way through the policies.

    Policies read it; only `policy.decide` writes, and only what a policy's verdict says.
    """

    __slots__ = (
        "_edits",
        "_exposed_quota",
        "_response_headers",
        "api_id",
        "append_response_headers",
        "claims",
        "contracts",
        "identity",
        "now",
        "request",
    )

    def __init__(
        self,
        request: RequestAttributes,
        api_id: str,
        contracts: Mapping[str, ActiveContract],
        now: WallTime,
    ) -> None:
        self.request = request
        self.api_id = api_id
        self.contracts = contracts
        """By client id."""
        self.now = now
        self.identity: Identity | None = None
        self.claims: Mapping[str, Any] = _NO_CLAIMS
        """What a verified token says."""
        self.append_response_headers: tuple[Header, ...] = ()
        self._response_headers: dict[str, str] = {}
        self._exposed_quota: ExposedQuota | None = None
        self._edits: dict[str, str | None] = {}

    def header(self, name: str) -> str | None:
        """A request header by lower-case name, with the edits of earlier policies applied."""
        edits = self._edits
        return edits[name] if name in edits else self.request.headers.get(name)

    def header_names(self) -> list[str]:
        """The names of the headers that the request has, after the edits of earlier policies."""
        names = [name for name in self.request.headers if name not in self._edits]
        return names + [name for name, value in self._edits.items() if value is not None]

    def establish(self, verdict: Continue) -> None:
        """Take over what a policy that had no objection adds."""
        (
            identity,
            set_headers,
            append_headers,
            remove_headers,
            response_headers,
            append_response_headers,
            exposed_quota,
            claims,
        ) = verdict
        if identity is not None:
            self.identity = identity
        if remove_headers:
            self._edits.update(dict.fromkeys(remove_headers))
        if set_headers:
            self._edits.update(set_headers)
        if response_headers:
            self._response_headers.update(response_headers)
        if append_response_headers:
            self.append_response_headers += append_response_headers
        if exposed_quota is not None:
            self.expose(exposed_quota)
        if claims is not None:
            self.claims = claims
        for name, value in append_headers:
            present = self.header(name)
            separator = "; " if name == "cookie" else ","  # RFC 6265, 4.2.1; RFC 9110, 5.3
            self._edits[name] = value if present is None else f"{present}{separator}{value}"

    def expose(self, quota: ExposedQuota) -> None:
        """Tell the client of that limit, unless it is told of a stricter one."""
        self._exposed_quota = quota.stricter(self._exposed_quota)

    @property
    def response_headers(self) -> tuple[Header, ...]:
        """The headers that the client shall see with exactly this value."""
        headers = tuple(self._response_headers.items()) if self._response_headers else ()
        return headers if self._exposed_quota is None else headers + self._exposed_quota.headers

    @property
    def set_headers(self) -> tuple[Header, ...]:
        """The request headers that the policies set, with their final values."""
        edits = self._edits
        return tuple([(n, v) for n, v in edits.items() if v is not None]) if edits else ()

    @property
    def removed_headers(self) -> tuple[str, ...]:
        """The request headers that the policies removed."""
        edits = self._edits
        return tuple([n for n, v in edits.items() if v is None]) if edits else ()


class Rule(NamedTuple):
    """A policy's configuration, compiled: a pure function of the evaluation so far."""

    evaluate: Callable[[Evaluation], Verdict]
    inspects_path: bool = False
    """Whether the verdict depends on the request's path."""


RuleCompiler: TypeAlias = Callable[[AppliedPolicy], Rule]
"""What each file under `policies/` offers; raises PolicyError for a bad configuration."""
