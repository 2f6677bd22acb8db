# mypyc: compiled
"""What the policies of one request can see, and what they have established so far."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from adapter.policy.catalog import PolicyRef, SlaTier
from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.contract_table import ContractTable
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.request.header_spelling import dashed
from adapter.policy.verdicts import Conclusion, Continue, Edit, ExposedQuota, Header, Identity

_NO_CLAIMS: Final[Mapping[str, Any]] = MappingProxyType({})
_NOTHING_APPENDED: Final[dict[str, str]] = {}
"""Shared by all evaluations; nothing ever changes it."""


class Evaluation:
    """One request on its way through the policies.

    Rules only read it. `policy.decide` writes what a verdict says. The one exception is `effort`,
    which expressions count.
    """

    __slots__ = (
        "_exposed_quota",
        "_response_headers",
        "api_id",
        "append_response_headers",
        "appended",
        "claims",
        "contracts",
        "edits",
        "effort",
        "identity",
        "policies",
        "position",
        "request",
        "tiers",
    )

    def __init__(
        self,
        request: RequestAttributes,
        api_id: str,
        contracts: ContractTable,
        tiers: Mapping[str, SlaTier],
        policies: tuple[PolicyRef, ...],
    ) -> None:
        self.request = request
        self.api_id = api_id
        self.contracts = contracts
        self.tiers = tiers
        """By tier id."""
        self.policies = policies
        self.position = 0
        """Index of the policy that is being asked."""
        self.identity: Identity | None = None
        self.claims: Mapping[str, Any] = _NO_CLAIMS
        """The claims of a verified token."""
        self.edits: dict[str, str | None] | None = None
        """Request headers that earlier policies changed; None stands for a removed header."""
        self.effort = 0
        """What the expressions of this request have cost so far; `expression.effort` bounds it."""
        self.appended: dict[str, str] = _NOTHING_APPENDED
        """Values that Envoy has to append, because the client's own value cannot be written back
        exactly (see `_is_exact`). Such a header is in `edits` too, so that policies can read it."""
        self.append_response_headers: tuple[Header, ...] = ()
        self._response_headers: dict[str, str] | None = None
        self._exposed_quota: ExposedQuota | None = None

    @property
    def policy(self) -> PolicyRef:
        """The policy that is being asked."""
        return self.policies[self.position]

    def header(self, name: str) -> str | None:
        """A request header by lower-case name, after the edits of earlier policies."""
        edits = self.edits
        return edits[name] if edits and name in edits else self.request.header(name)

    @property
    def own_edits(self) -> tuple[Edit, ...]:
        """The edits without those that Envoy has to append."""
        if not self.edits:
            return ()
        edits = tuple(self.edits.items())
        if not self.appended:
            return edits
        return tuple([edit for edit in edits if edit[0] not in self.appended])

    def header_names(self) -> list[str]:
        """The names of all request headers, after the edits of earlier policies."""
        edits = self.edits or {}
        names = [name for name in self.request.headers if name not in edits]
        return names + [name for name, value in edits.items() if value is not None]

    def establish(self, verdict: Continue) -> None:
        """Take over what a policy adds."""
        if verdict.identity is not None:
            self.identity = verdict.identity
        if verdict.claims is not None:
            self.claims = verdict.claims
        if verdict.set_headers or verdict.append_headers or verdict.remove_headers:
            self._edit(verdict)
        if verdict.response_headers:
            self._response_headers = {
                **(self._response_headers or {}),
                **dict(verdict.response_headers),
            }
        self.append_response_headers += verdict.append_response_headers
        if verdict.exposed_quota is not None:
            self.expose(verdict.exposed_quota)

    @property
    def adds_headers(self) -> bool:
        """Whether the upstream gets headers from policies, or headers that identify the client."""
        if self.identity is not None:
            return True
        return any(value is not None for value in (self.edits or {}).values())

    def _edit(self, verdict: Continue) -> None:
        edits = self.edits
        if edits is None:
            edits = self.edits = {}
        if edits and verdict.remove_headers:
            gone = set(map(dashed, verdict.remove_headers))
            edits |= {name: None for name in edits if dashed(name) in gone}
        for name in verdict.remove_headers:
            edits[name] = None
        for name, value in verdict.set_headers:
            edits[name] = value
        if self.appended:
            self._forget_appended(verdict)
        for name, value in verdict.append_headers:
            self._append(edits, name, value)

    def _forget_appended(self, verdict: Continue) -> None:
        """Drop appended values of headers that this policy set or removed."""
        gone = set(map(dashed, verdict.remove_headers))
        written = {name for name, _ in verdict.set_headers}
        for name in tuple(self.appended):
            if name in written or dashed(name) in gone:
                del self.appended[name]

    def _append(self, edits: dict[str, str | None], name: str, value: str) -> None:
        present = self.header(name)
        if present is None:
            edits[name] = value
            return
        separator = "; " if name == "cookie" else ","  # RFC 6265, 4.2.1; RFC 9110, 5.3
        if name in self.appended:
            self.appended[name] += f"{separator}{value}"
        elif name not in edits and not _is_exact(present):
            self.appended = {**self.appended, name: value}
        edits[name] = f"{present}{separator}{value}"

    def expose(self, quota: ExposedQuota) -> None:
        """Tell the client about that limit, unless it is already told about a stricter one."""
        self._exposed_quota = quota.stricter(self._exposed_quota)

    @property
    def response_headers(self) -> tuple[Header, ...]:
        """Headers that the client gets with exactly this value."""
        headers = tuple(self._response_headers.items()) if self._response_headers else ()
        return headers if self._exposed_quota is None else headers + self._exposed_quota.headers

    def identity_under(self, contract: Contract, user: str = "") -> Identity:
        """The client with that contract, and this user.

        If no user is given, the one that an earlier policy established is kept.
        """
        known = self.identity
        if known is not None and known.contract is contract:
            return known.with_principal(user) if user else known
        tier_id = contract.tier_id
        return Identity(
            contract.client_id,
            contract.client_name,
            contract.contract_id,
            "" if tier_id is None else self.tiers[tier_id].name,
            user or ("" if known is None else known.principal),
            contract,
        )

    def identity_of_user(self, principal: str) -> Identity:
        """Who calls, once a policy has verified a user. The client application stays."""
        known = self.identity
        return (
            Identity("", principal=principal) if known is None else known.with_principal(principal)
        )

    def with_claims(
        self, claims: Mapping[str, Any], judge: Callable[["Evaluation"], Conclusion]
    ) -> Conclusion:
        """What `judge` says if these are the claims. Afterwards, the claims are as before."""
        before = self.claims
        self.claims = claims
        try:
            return judge(self)
        finally:
            self.claims = before


def _is_exact(value: str) -> bool:
    """Whether a header value in a Check is certainly what the client sent, so we can write it back.

    In a Check, Envoy replaces each octet that is not UTF-8 by `!`. A response can hold UTF-8 only.
    """
    return "!" not in value and value.isprintable()
