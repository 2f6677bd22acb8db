"""Automated policies: what an environment applies to every API instance."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from control_plane.errors import Invalid, NotFound
from control_plane.management import audit_log
from control_plane.management.policies import MAX_POLICIES, require_same_type
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.management.transaction import Transaction
from control_plane.store.tables import AutomatedPolicy, Environment


def of_environment(session: Session, environment_id: str) -> Sequence[AutomatedPolicy]:
    """The environment's automated policies in their order; those without one come last."""
    query = (
        select(AutomatedPolicy)
        .where(AutomatedPolicy.environment_id == environment_id)
        .order_by(AutomatedPolicy.order.asc().nulls_last(), AutomatedPolicy.id)
    )
    return session.scalars(query).all()


def get(session: Session, organization_id: str, policy_id: int) -> AutomatedPolicy:
    """The automated policy; raise NotFound if the organization has none with this id."""
    policy = session.get(AutomatedPolicy, policy_id)
    if policy is None or policy.organization_id != organization_id:
        raise NotFound(f"automated policy {policy_id} not found")
    return policy


def apply(
    transaction: Transaction,
    columns: Mapping[str, Any],
    checks: PolicyChecks,
    *,
    allow_unknown: bool = False,
) -> AutomatedPolicy:
    """Apply a policy to every API instance of the environment that `environment_id` names.

    Raise Invalid with all mistakes in it. `allow_unknown` accepts a type that is not known.
    """
    _require_environment(transaction, columns["environment_id"])
    _require_room(transaction.session, columns["environment_id"])
    checks.require_valid(columns, allow_unknown=allow_unknown)
    policy = AutomatedPolicy(
        organization_id=transaction.organization_id, created_at=transaction.now, **columns
    )
    transaction.session.add(policy)
    audit_log.record_creation(transaction, policy)
    return policy


def _require_environment(transaction: Transaction, environment_id: str) -> None:
    environment = transaction.session.get(Environment, environment_id)
    if environment is None or environment.organization_id != transaction.organization_id:
        raise NotFound(f"environment {environment_id!r} not found")


def _require_room(session: Session, environment_id: str) -> None:
    query = select(func.count()).where(AutomatedPolicy.environment_id == environment_id)
    if (session.scalar(query) or 0) >= MAX_POLICIES:
        raise Invalid(f"the environment has {MAX_POLICIES} automated policies already")


def change(
    transaction: Transaction,
    policy: AutomatedPolicy,
    columns: Mapping[str, Any],
    checks: PolicyChecks,
    *,
    allow_unknown: bool = False,
) -> AutomatedPolicy:
    """Change the named columns; `environment_id` moves the policy to another environment.

    Raise Invalid with all mistakes that the policy then has.
    """
    require_same_type(policy, columns)
    checks.require_valid_change(policy, columns, allow_unknown=allow_unknown)
    if "environment_id" in columns:
        _require_environment(transaction, columns["environment_id"])
    with audit_log.recorded_change(transaction, policy):
        for name, value in columns.items():
            setattr(policy, name, value)
        policy.updated_at = transaction.now
    return policy


def delete(transaction: Transaction, policy: AutomatedPolicy) -> None:
    """Remove an automated policy from its environment."""
    audit_log.record_deletion(transaction, policy)
    transaction.session.delete(policy)
