"""Policies of one API instance."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from control_plane.errors import Conflict, Invalid, NotFound
from control_plane.management import audit_log, tiers, upstreams
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.management.transaction import Transaction
from control_plane.store.tables import ApiInstance, AutomatedPolicy, Policy

VENDOR_GROUP_ID: Final = "68ef9520-24e9-4cf2-b2f5-620025690913"
"""The group that the vendor publishes its own policies under."""

_BY_TIER: Final = "rate-limiting-sla-based"
_NO_TIER: Final = (
    "the API instance offers no SLA tier: every request is refused until there is one, with "
    "contracts on it"
)
_OUTBOUND: Final = (
    "upstreamIds: adapters of this project do not read them; the policy applies to requests for all"
    " upstreams"
)

MAX_POLICIES: Final = 100
"""How many policies an API instance may have, and how many automated ones an environment."""

MAX_CONFIGURATION_DEPTH: Final = 64
"""Levels of a configuration, counting those of its innermost values. Gateways close an API that has
a policy with more."""


def of_api(session: Session, api_id: int) -> list[Policy]:
    """The policies of an API instance in their order, disabled ones too."""
    query = select(Policy).where(Policy.api_id == api_id).order_by(Policy.order, Policy.id)
    return list(session.scalars(query))


def get(session: Session, api: ApiInstance, policy_id: int) -> Policy:
    """The policy, active or not; raise NotFound if the API instance has none with this id."""
    policy = session.get(Policy, policy_id)
    if policy is None or policy.api_id != api.id:
        raise NotFound(f"policy {policy_id} not found")
    return policy


def apply(
    transaction: Transaction,
    api: ApiInstance,
    columns: Mapping[str, Any],
    checks: PolicyChecks,
    *,
    allow_unknown: bool = False,
    allow_duplicated: bool = False,
) -> Policy:
    """Apply a policy, as the last one unless `order` is given.

    Raise Invalid with all mistakes in it. `allow_unknown` accepts a type that is not known.
    Raise Conflict if the API instance has a policy of its type, unless `allow_duplicated`.
    """
    checks.require_valid(columns, allow_unknown=allow_unknown)
    last = _next_order(transaction.session, api)
    twin = of_type(transaction.session, api.id, columns["group_id"], columns["asset_id"])
    if twin is not None and not allow_duplicated:
        raise Conflict(
            f"assetId: API instance {api.id} has a policy of this type already, with the id {twin};"
            " change that one, or confirm the second one (in a query: allowDuplicated=true)"
        )
    upstreams.require_known(transaction.session, api.id, columns.get("upstream_ids") or ())
    given = {name: value for name, value in columns.items() if value is not None}
    policy = Policy(api=api, created_at=transaction.now, **{"order": last, **given})
    transaction.session.add(policy)
    _date_change(transaction, api)
    audit_log.record_creation(transaction, policy)
    return policy


def _next_order(session: Session, api: ApiInstance) -> int:
    """The place after the last policy; raise Invalid if there is room for no other one."""
    count, last = session.execute(
        select(func.count(), func.max(Policy.order)).where(Policy.api_id == api.id)
    ).one()
    if count >= MAX_POLICIES:
        raise Invalid(f"API instance {api.id} has {MAX_POLICIES} policies already")
    return (last or 0) + 1


def of_type(session: Session, api_id: int, group_id: str, asset_id: str) -> int | None:
    """The id of the first policy of this type that the API instance has, active or not."""
    query = select(Policy.id).where(
        Policy.api_id == api_id, Policy.group_id == group_id, Policy.asset_id == asset_id
    )
    return session.scalar(query.order_by(Policy.id).limit(1))


def _date_change(transaction: Transaction, api: ApiInstance) -> None:
    """Let gateways that ask what changed since their last poll get the policies again."""
    api.policies_changed_at = transaction.now


def reorder(transaction: Transaction, api: ApiInstance, places: Mapping[int, int]) -> list[Policy]:
    """Give several policies a new order at once; `places` are from policy id to order."""
    before = [policy.id for policy in of_api(transaction.session, api.id)]
    for policy_id, order in places.items():
        get(transaction.session, api, policy_id).order = order
    _date_change(transaction, api)
    transaction.session.flush()
    policies = of_api(transaction.session, api.id)
    audit_log.record_reordering(transaction, api, before, [policy.id for policy in policies])
    return policies


def change(
    transaction: Transaction,
    policy: Policy,
    columns: Mapping[str, Any],
    checks: PolicyChecks,
    *,
    allow_unknown: bool = False,
) -> Policy:
    """Change the named columns. Raise Invalid with all mistakes that the policy then has."""
    require_same_type(policy, columns)
    checks.require_valid_change(policy, columns, allow_unknown=allow_unknown)
    named = columns.get("upstream_ids") or ()
    upstreams.require_known(transaction.session, policy.api_id, named)
    with audit_log.recorded_change(transaction, policy):
        for name, value in columns.items():
            setattr(policy, name, value)
        policy.updated_at = transaction.now
        _date_change(transaction, policy.api)
    return policy


def warnings(session: Session, policy: Policy, checks: PolicyChecks) -> list[str]:
    """What is allowed in the policy, and probably not meant."""
    found = checks.warnings(policy)
    if policy.asset_id == _BY_TIER:
        offered = session.scalar(tiers.of_api(policy.api_id, active=True).limit(1))
        found += [] if offered else [_NO_TIER]
    return found + ([_OUTBOUND] if policy.upstream_ids else [])


def require_same_type(policy: Policy | AutomatedPolicy, columns: Mapping[str, Any]) -> None:
    """Raise Invalid if a change names another type than the policy has."""
    for name, field in (("asset_id", "assetId"), ("group_id", "groupId")):
        if columns.get(name, getattr(policy, name)) != getattr(policy, name):
            raise Invalid(f"{field}: can't change; delete the policy and apply another one")


def delete(transaction: Transaction, policy: Policy) -> None:
    """Remove a policy from its API instance."""
    audit_log.record_deletion(transaction, policy)
    _date_change(transaction, policy.api)
    transaction.session.delete(policy)
