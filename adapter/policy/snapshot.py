# mypyc: compiled
"""Everything that Checks need: compiled once when the platform is synced, and immutable."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from adapter.errors import PolicyError
from adapter.policy.bounded_patterns import MOST_PATTERNS, longest_text
from adapter.policy.catalog import ApiContent, ApiInstance, AppliedPolicy, SlaTier
from adapter.policy.compile import CompiledPolicy, compile_policy
from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.contract_table import ContractTable
from adapter.policy.match_counts import MatchCounts
from adapter.policy.need import Need, NeedObjection, no_objection
from adapter.policy.request.canonical_path import MAX_CHARS
from adapter.policy.request.header_spelling import dashed
from adapter.policy.rule import Rule
from adapter.policy.rule_pool import RuleChain, RulePool, SharedRule
from adapter.runtime.clock import WallTime


class Api:
    """One API instance, ready for Checks. It is immutable, except for `matches`.

    `faults` name the policies that cannot be enforced. An API with faults is closed: each request
    is denied with 503, because to allow it would skip a policy that an admin applied.
    """

    __slots__ = (
        "_chain",
        "closed_contracts",
        "contracts",
        "faults",
        "ignored",
        "inspects_method",
        "inspects_path",
        "instance",
        "longest_path",
        "matches",
        "need_http",
        "policies",
        "policy_refs",
        "rules",
        "tiers",
    )

    def __init__(
        self,
        instance: ApiInstance,
        policies: tuple[CompiledPolicy, ...] = (),
        contracts: ContractTable | None = None,
        tiers: Mapping[str, SlaTier] | None = None,
        *,
        chain: RuleChain | None = None,
        faults: tuple[str, ...] = (),
        ignored: tuple[str, ...] = (),
        closed_contracts: int | None = None,
    ) -> None:
        self.instance: Final = instance
        self.faults: Final = faults
        self.policies: Final = policies
        """In the platform's order."""
        self.policy_refs: Final = tuple([policy.ref for policy in policies])
        """The names of the policies, in the same order."""
        self._chain: Final = RuleChain(p.shared for p in policies) if chain is None else chain
        self.rules: Final[tuple[Rule, ...]] = self._chain.rules
        """What to ask: the rule of each policy, in the same order."""
        self.inspects_path: Final = any(rule.inspects_path for rule in self.rules)
        """Whether the path decides about any verdict. Then only canonical paths are accepted."""
        self.inspects_method: Final = any(rule.inspects_method for rule in self.rules)
        """Like `inspects_path`, for the method."""
        patterns = sum(rule.pattern_count for rule in self.rules)
        self.need_http: Final = tuple(
            [p.ref for p in policies if p.rule.pointcuts or not p.rule.judges_connections]
        )
        """The policies that cannot judge a TCP connection."""
        self.longest_path: Final = min(
            [MAX_CHARS, longest_text(patterns), *(rule.longest_path for rule in self.rules)]
        )
        """Longest path, in characters, that the patterns of all policies may be matched against."""
        self.contracts: Final = ContractTable() if contracts is None else contracts
        """A contract that cannot be honoured has a fault."""
        self.tiers: Final[Mapping[str, SlaTier]] = {} if tiers is None else tiers
        """By tier id. The tier of each contract without a fault is here."""
        self.ignored: Final = ignored
        """Types of applied policies that the operator's settings ignore."""
        if closed_contracts is None:
            closed_contracts = sum(contract.fault is not None for contract in self.contracts)
        self.closed_contracts: Final = closed_contracts
        """Number of contracts with a fault. Counted here, because there may be a million."""
        self.matches: Final = MatchCounts(policies)
        """How often each pointcut matched."""

    def ruled_by(self, rules: Iterable[Rule]) -> "Api":
        """The same API with another rule for each policy; it counts no matches in this one."""
        policies = tuple(
            policy._replace(shared=SharedRule(rule))
            for policy, rule in zip(self.policies, rules, strict=True)
        )
        return Api(
            self.instance,
            policies,
            self.contracts,
            self.tiers,
            faults=self.faults,
            ignored=self.ignored,
            closed_contracts=self.closed_contracts,
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All APIs at one moment. A new snapshot shares the APIs that did not change."""

    revision: int = 0
    """Milliseconds since the epoch when it was made; always greater than the one before."""
    apis: Mapping[str, Api] = field(default_factory=dict)

    def replaced(self, apis: Iterable[Api], removed: Iterable[str], now: WallTime) -> "Snapshot":
        """A new snapshot with those APIs added or replaced, and the `removed` ids left out."""
        merged = dict(self.apis)
        for api_id in removed:
            merged.pop(api_id, None)
        for api in apis:
            before = merged.get(api.instance.api_id)
            if before is not None:
                api.matches.continue_from(before.matches, before.policies, api.policies)
            merged[api.instance.api_id] = api
        revision = max(self.revision + 1, int(now * 1000))
        return Snapshot(revision, merged)


def build_api(
    content: ApiContent,
    pool: RulePool,
    *,
    ignored_types: frozenset[str] = frozenset(),
    own_headers: frozenset[str] = frozenset(),
    objection: NeedObjection = no_objection,
) -> Api:
    """Compile what the platform says about an API. What cannot be enforced becomes a fault.

    Rules come from `pool`, so that APIs with the same policies share them. `own_headers` are the
    headers that the adapter itself sets, spelled with hyphens; no policy may set them. `objection`
    says what policies may not use.
    """
    kept = [p for p in in_force(content.policies) if p.policy_type not in ignored_types]
    compiled, faults = _compile_all(kept, pool, own_headers, objection)
    faults += _pointcut_faults(compiled)
    return Api(
        content.instance,
        compiled,
        contracts_by_client(content),
        content.tiers,
        chain=pool.chain(policy.shared for policy in compiled),
        faults=faults,
        ignored=tuple(p.policy_type for p in content.policies if p.policy_type in ignored_types),
    )


def in_force(policies: Iterable[AppliedPolicy]) -> list[AppliedPolicy]:
    """The policies that apply, in the platform's order: CORS, automated ones, then by `order`.

    An automated policy overrides the API's own policy of the same type (Mule Gateway
    documentation), but only in the part of the API that it applies to. Several automated policies
    of one type all apply, each in its own part.
    """
    policies = list(policies)
    automated: dict[str, list[AppliedPolicy]] = {}
    for policy in policies:
        if policy.automated:
            automated.setdefault(policy.policy_type, []).append(policy)
    effective = (
        policy
        if policy.automated
        else _not_overridden(policy, automated.get(policy.policy_type, ()))
        for policy in policies
    )
    return sorted((policy for policy in effective if policy is not None), key=_position)


def _not_overridden(
    policy: AppliedPolicy, overriding: Iterable[AppliedPolicy]
) -> AppliedPolicy | None:
    """An API's own policy without the parts where those apply; None if nothing is left."""
    if any(other.is_everywhere for other in overriding):
        return None
    overridden = tuple(pointcut for other in overriding for pointcut in other.pointcuts)
    return replace(policy, overridden=overridden)


def _position(policy: AppliedPolicy) -> tuple[bool, bool, int, int, str]:
    number = int(policy.policy_id) if policy.policy_id.isdecimal() else 0
    return (
        policy.policy_type != "cors",
        not policy.automated,
        policy.order,
        number,
        policy.policy_id,
    )


def _compile_all(
    policies: Iterable[AppliedPolicy],
    pool: RulePool,
    own_headers: frozenset[str],
    objection: NeedObjection,
) -> tuple[tuple[CompiledPolicy, ...], tuple[str, ...]]:
    compiled: list[CompiledPolicy] = []
    faults: list[str] = []
    for policy in policies:
        try:
            made = _without_own_headers(own_headers, compile_policy(policy, pool))
            _check_needs(made.rule.needs, objection)
            compiled.append(made)
        except PolicyError as e:
            faults.append(f"policy {policy.policy_id} ({policy.policy_type}): {e}")
    return tuple(compiled), tuple(faults)


def _without_own_headers(own_headers: frozenset[str], policy: CompiledPolicy) -> CompiledPolicy:
    """The policy; raises PolicyError if it sets one of these headers."""
    taken = sorted(name for name in policy.rule.set_headers if dashed(name) in own_headers)
    if taken:
        raise PolicyError(
            f"{', '.join(taken)} cannot be injected: the adapter sets it to identify the client; "
            "choose a name that does not begin with requests.identity_header_prefix"
        )
    return policy


def _check_needs(needs: Iterable[Need], objection: NeedObjection) -> None:
    """Raise PolicyError, with all reasons, if something that a policy needs may not be used."""
    reasons = [reason for need in needs if (reason := objection(need)) is not None]
    if reasons:
        raise PolicyError("; ".join(reasons))


def _pointcut_faults(policies: Iterable[CompiledPolicy]) -> tuple[str, ...]:
    """The fault of an API whose pointcuts take too long to match, if it has so many."""
    count = sum(policy.rule.pattern_count for policy in policies)
    if count <= MOST_PATTERNS:
        return ()
    return (
        f"the policies have {count} pointcuts together, but at most {MOST_PATTERNS} can be "
        "enforced; use one pattern for several paths, such as /orders(/.*)?|/customers(/.*)?",
    )


def contracts_by_client(content: ApiContent) -> ContractTable:
    """The contracts, for Checks to find. A contract whose tier is unknown gets a fault."""
    known = {None, *content.tiers}
    return ContractTable(
        contract if contract.tier_id in known else _of_unknown_tier(contract)
        for contract in content.contracts.values()
    )


def _of_unknown_tier(contract: Contract) -> Contract:
    return contract.closed(f"its SLA tier {contract.tier_id} is unknown")
