"""The policies of an API instance in the order in which gateways ask them.

CORS is asked first, then automated policies, then the API's own policies by their order. An
automated policy overrides the API's own policies of its type wherever it applies
(docs/policies/README.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from control_plane.errors import Stale
from control_plane.management import audit_log, automated_policies, policies, versions
from control_plane.management.policy_checks.checks import type_of
from control_plane.management.transaction import Transaction
from control_plane.store.tables import ApiInstance, AutomatedPolicy, Policy

AnyPolicy: TypeAlias = Policy | AutomatedPolicy

FIRST: Final = "cors"
"""The policy type that is asked first in any case."""
_PLACE: Final = ("order", "updated_at")
_DEFAULT_ORDER: Final = 50
_EVERYTHING: Final = frozenset({"", ".*", "^.*$"})
_MULE: Final = frozenset({"mule3", "mule4"})


@dataclass(frozen=True, slots=True)
class Link:
    """A policy in the chain of an API instance."""

    policy: AnyPolicy
    overriding: Sequence[AutomatedPolicy] = ()
    """Automated policies of the same type that are asked in its place where they apply."""

    @property
    def is_automated(self) -> bool:
        """Whether it is inherited from the environment."""
        return isinstance(self.policy, AutomatedPolicy)

    @property
    def policy_type(self) -> str:
        """Its type."""
        return type_of(self.policy.asset_id)

    @property
    def version(self) -> str:
        """The version of what the policy does, wherever it stands; see `require_version`."""
        return versions.version_of(self.policy, without=_PLACE)

    @property
    def is_overridden(self) -> bool:
        """Whether it is asked about no request at all."""
        return any(is_everywhere(other.pointcut) for other in self.overriding)

    @property
    def is_for_others(self) -> bool:
        """Whether it is for Mule runtimes only, so that gateways of ours leave it out."""
        return is_for_mule(self.policy)

    @property
    def is_asked(self) -> bool:
        """Whether it decides about any request."""
        return not (self.policy.disabled or self.is_overridden or self.is_for_others)


def chain_of(session: Session, api: ApiInstance) -> list[Link]:
    """The chain of the API instance, with the policies that are off."""
    inherited = automated_policies.of_environment(session, api.environment_id)
    return in_order(policies.of_api(session, api.id), inherited)


def in_order(own: Iterable[Policy], automated: Iterable[AutomatedPolicy]) -> list[Link]:
    """The chain that these policies make."""
    automated = list(automated)
    overriding: dict[str, list[AutomatedPolicy]] = {}
    for policy in automated:
        if not (policy.disabled or is_for_mule(policy)):
            overriding.setdefault(type_of(policy.asset_id), []).append(policy)
    links = [Link(policy) for policy in automated]
    links += [Link(policy, overriding.get(type_of(policy.asset_id), ())) for policy in own]
    return sorted(links, key=_position)


def _position(link: Link) -> tuple[bool, bool, int, int]:
    order = link.policy.order
    return (
        link.policy_type != FIRST,
        not link.is_automated,
        _DEFAULT_ORDER if order is None else order,
        link.policy.id,
    )


def is_everywhere(pointcut: Sequence[dict[str, Any]] | None) -> bool:
    """Whether a policy with this pointcut applies to the whole API."""
    return not pointcut or any(
        (each.get("methodRegex") or "") in _EVERYTHING
        and (each.get("uriTemplateRegex") or "") in _EVERYTHING
        for each in pointcut
    )


def is_for_mule(policy: AnyPolicy) -> bool:
    """Whether an automated policy names Mule runtimes and nothing else."""
    rule = policy.rule_of_application if isinstance(policy, AutomatedPolicy) else {}
    technologies = rule.get("technologies")
    return isinstance(technologies, list) and bool(technologies) and set(technologies) <= _MULE


def overridden_policies(session: Session, environment_id: str) -> dict[str, int]:
    """How many own policies of API instances in the environment have each type.

    An automated policy is asked in place of those of its type.
    """
    query = (
        select(Policy.asset_id, func.count())
        .join(ApiInstance, Policy.api_id == ApiInstance.id)
        .where(ApiInstance.environment_id == environment_id, ~Policy.disabled)
        .group_by(Policy.asset_id)
    )
    found: dict[str, int] = {}
    for row in session.execute(query):
        found[type_of(row[0])] = found.get(type_of(row[0]), 0) + row[1]
    return found


def require_version(shown: str, policy: AnyPolicy) -> None:
    """Raise Stale unless the policy does what it did when this version of it was shown."""
    versions.require(shown, policy, without=_PLACE)


def order_version(own: Iterable[AnyPolicy]) -> str:
    """The version of an order. Changes of what the policies do are no changes of it."""
    return "-".join(str(policy.id) for policy in own)


def reorder(
    transaction: Transaction, api: ApiInstance, wanted: Sequence[int], version: str
) -> None:
    """Give the API instance's own policies this order.

    Raise Stale if the order is not the one of that version any more, or a policy is missing.
    """
    present = policies.of_api(transaction.session, api.id)
    if version != order_version(present) or sorted(wanted) != sorted(p.id for p in present):
        raise Stale("somebody else has changed the chain since you opened it; look at it first")
    places = {policy_id: place for place, policy_id in enumerate(wanted, start=1)}
    policies.reorder(transaction, api, places)


def reorder_automated(
    transaction: Transaction, environment_id: str, wanted: Sequence[int], version: str
) -> None:
    """Give the environment's automated policies this order.

    Raise Stale if the order is not the one of that version any more, or a policy is missing.
    """
    present = in_order([], automated_policies.of_environment(transaction.session, environment_id))
    found = {link.policy.id: link.policy for link in present}
    if version != order_version(found.values()) or sorted(wanted) != sorted(found):
        raise Stale("somebody else has changed the order since you opened it; look at it first")
    for place, policy_id in enumerate(wanted, start=1):
        policy = found[policy_id]
        if policy.order != place:
            with audit_log.recorded_change(transaction, policy, "reorder"):
                policy.order = place
                policy.updated_at = transaction.now
