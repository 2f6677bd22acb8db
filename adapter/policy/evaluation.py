# mypyc: compiled
"""What the policies of one request see and what they have established so far."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from adapter.policy.catalog import PolicyRef, SlaTier
from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.contract_table import ContractTable
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.request.header_spelling import dashed
from adapter.policy.verdicts import Continue, Edit, ExposedQuota, Header, Identity

_NO_CLAIMS: Final[Mapping[str, Any]] = MappingProxyType({})
_NOTHING_APPENDED: Final[dict[str, str]] = {}
"""Is never changed."""


class Evaluation:
    """One request on its way through the policies.

    Policies read it; only `policy.decide` writes, and only what a policy's verdict says. But
    expressions count their effort in it.
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
        """By their ids."""
        self.policies = policies
        self.position = 0
        """Of the one that is being asked."""
        self.identity: Identity | None = None
        self.claims: Mapping[str, Any] = _NO_CLAIMS
        """What a verified token says."""
        self.edits: dict[str, str | None] | None = None
        """What earlier policies did to the request's headers; None is a removed one."""
        self.effort = 0
        """What expressions have gone through so far, which `expression.effort` bounds."""
        self.appended: dict[str, str] = _NOTHING_APPENDED
        """What Envoy has to append to headers, since we cannot write the client's own value back;
        such a header is among the edits, too, as far as we can read it."""
        self.append_response_headers: tuple[Header, ...] = ()
        self._response_headers: dict[str, str] | None = None
        self._exposed_quota: ExposedQuota | None = None

    @property
    def policy(self) -> PolicyRef:
        """The one that is being asked."""
        return self.policies[self.position]

    def header(self, name: str) -> str | None:
        """A request header by lower-case name, with the edits of earlier policies applied."""
        edits = self.edits
        return edits[name] if edits and name in edits else self.request.header(name)

    @property
    def own_edits(self) -> tuple[Edit, ...]:
        """The edits that are ours to write: those that Envoy does not have to append."""
        if not self.edits:
            return ()
        edits = tuple(self.edits.items())
        if not self.appended:
            return edits
        return tuple([edit for edit in edits if edit[0] not in self.appended])

    def header_names(self) -> list[str]:
        """The names of the headers that the request has, after the edits of earlier policies."""
        edits = self.edits or {}
        names = [name for name in self.request.headers if name not in edits]
        return names + [name for name, value in edits.items() if value is not None]

    def establish(self, verdict: Continue) -> None:
        """Take over what a policy that had no objection adds."""
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
        """Whether the upstream gets headers that policies add, or that say who calls."""
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
        """Nothing is appended to what that policy set or removed."""
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
        """Tell the client of that limit, unless it is told of a stricter one."""
        self._exposed_quota = quota.stricter(self._exposed_quota)

    @property
    def response_headers(self) -> tuple[Header, ...]:
        """The headers that the client shall see with exactly this value."""
        headers = tuple(self._response_headers.items()) if self._response_headers else ()
        return headers if self._exposed_quota is None else headers + self._exposed_quota.headers

    def identity_under(self, contract: Contract) -> Identity:
        """Who comes under a contract; a user that an earlier policy established stays."""
        known = self.identity
        if known is not None and known.contract is contract:
            return known
        tier_id = contract.tier_id
        return Identity(
            contract.client_id,
            contract.client_name,
            contract.contract_id,
            "" if tier_id is None else self.tiers[tier_id].name,
            "" if known is None else known.principal,
            contract,
        )


def _is_exact(value: str) -> bool:
    """Whether a value in a Check is surely what the client sent, and can be written back.

    In a Check, Envoy puts `!` for each octet that is not UTF-8, and an answer can hold UTF-8 only.
    """
    return "!" not in value and value.isprintable()
