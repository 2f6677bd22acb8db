# mypyc: compiled
"""Everything a Check needs, compiled once at sync time and never changed afterwards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from adapter.errors import PolicyError
from adapter.policy.catalog import ApiContent, ApiInstance, AppliedPolicy, SlaTier
from adapter.policy.compile import CompiledPolicy, compile_policy
from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.contract_table import ContractTable
from adapter.policy.request.canonical_path import MAX_CHARS
from adapter.policy.request.header_spelling import dashed
from adapter.policy.rule import Rule
from adapter.policy.rule_pool import RuleChain, RulePool
from adapter.runtime.clock import WallTime


class Api:
    """One API instance as Checks see it; nothing in it changes.

    `faults` name what cannot be enforced; an API with faults is closed: every request to it is
    denied with 503, since letting it pass would skip a policy that an admin applied.
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
        """Whether any policy's verdict depends on the path, which then has to be canonical."""
        self.inspects_method: Final = any(rule.inspects_method for rule in self.rules)
        """The same for the method."""
        self.longest_path: Final = min([MAX_CHARS, *(rule.longest_path for rule in self.rules)])
        """Characters of a path that the patterns of all policies bear."""
        self.contracts: Final = ContractTable() if contracts is None else contracts
        """One that cannot be honoured has a fault."""
        self.tiers: Final[Mapping[str, SlaTier]] = {} if tiers is None else tiers
        """By their ids: the tiers of all contracts without a fault are here."""
        self.ignored: Final = ignored
        """Applied policies that the operator ignores knowingly."""
        self.closed_contracts: Final = sum(
            contract.fault is not None for contract in self.contracts
        )
        """Contracts that cannot be honoured; counted once, because there may be very many."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All APIs at one moment. Publishing replaces APIs one by one; the others are shared."""

    revision: int = 0
    """Milliseconds since the epoch at which it was built; always growing."""
    apis: Mapping[str, Api] = field(default_factory=dict)

    def replaced(self, apis: Iterable[Api], removed: Iterable[str], now: WallTime) -> "Snapshot":
        """A new snapshot, in which those APIs replace what they were and others are gone."""
        merged = dict(self.apis)
        for api_id in removed:
            merged.pop(api_id, None)
        merged.update((api.instance.api_id, api) for api in apis)
        revision = max(self.revision + 1, int(now * 1000))
        return Snapshot(revision, merged)


def build_api(
    content: ApiContent,
    pool: RulePool,
    *,
    ignored_types: frozenset[str] = frozenset(),
    own_headers: frozenset[str] = frozenset(),
) -> Api:
    """Compile what the platform says of an API; what cannot be enforced ends up in its faults.

    `own_headers` are names, spelled with hyphens, that no policy may set: the adapter sets them.
    """
    kept = [p for p in in_force(content.policies) if p.policy_type not in ignored_types]
    compiled, faults = _compile_all(kept, pool, own_headers)
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
    """The policies that apply, in the platform's order.

    CORS first, then automated ones, then by `order`. An automated policy overrides those of its
    type on the API (Mule Gateway documentation), but only where it applies itself. Several
    automated ones of a type all apply, each in its part.
    """
    policies = list(policies)
    automated: dict[str, list[AppliedPolicy]] = {}
    for policy in policies:
        if policy.automated:
            automated.setdefault(policy.policy_type, []).append(policy)
    effective = (
        policy if policy.automated else _beside(policy, automated.get(policy.policy_type, ()))
        for policy in policies
    )
    return sorted((policy for policy in effective if policy is not None), key=_position)


def _beside(policy: AppliedPolicy, overriding: Iterable[AppliedPolicy]) -> AppliedPolicy | None:
    """An API's own policy, less where those apply; None where that leaves nothing."""
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
    policies: Iterable[AppliedPolicy], pool: RulePool, own_headers: frozenset[str]
) -> tuple[tuple[CompiledPolicy, ...], tuple[str, ...]]:
    compiled: list[CompiledPolicy] = []
    faults: list[str] = []
    for policy in policies:
        try:
            compiled.append(_leaving_alone(own_headers, compile_policy(policy, pool)))
        except PolicyError as e:
            faults.append(f"policy {policy.policy_id} ({policy.policy_type}): {e}")
    return tuple(compiled), tuple(faults)


def _leaving_alone(own_headers: frozenset[str], policy: CompiledPolicy) -> CompiledPolicy:
    """The policy, if it sets none of these; raises PolicyError."""
    taken = sorted(name for name in policy.rule.set_headers if dashed(name) in own_headers)
    if taken:
        raise PolicyError(
            f"{', '.join(taken)} cannot be injected: the adapter itself says there who calls; "
            "choose another name (requests.identity_header_prefix is how its own begin)"
        )
    return policy


def contracts_by_client(content: ApiContent) -> ContractTable:
    """The contracts, shared with the content; one of an unknown tier gets a fault."""
    known = {None, *content.tiers}
    return ContractTable(
        contract if contract.tier_id in known else _of_unknown_tier(contract)
        for contract in content.contracts.values()
    )


def _of_unknown_tier(contract: Contract) -> Contract:
    return contract.closed(f"its SLA tier {contract.tier_id} is unknown")
