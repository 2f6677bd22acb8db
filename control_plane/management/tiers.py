"""SLA tiers of one API instance."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from control_plane.errors import Conflict, NotFound
from control_plane.management import audit_log, contracts
from control_plane.management.contract_states import State
from control_plane.management.transaction import Transaction
from control_plane.store.tables import ApiInstance, Contract, SlaTier

MAX_LIMITS: Final = 16
MAX_REQUESTS: Final = 2**53
MAX_PERIOD_MS: Final = 366 * 24 * 3_600_000
"""Gateways close the contracts of a tier that is over these bounds."""


class Impact(NamedTuple):
    """What a change of a tier means for contracts."""

    contracts: int = 0
    """Approved contracts that get other limits."""
    approvals: int = 0
    """Requests for the tier that are approved, because it needs no approval any more."""


def of_api(api_id: int, *, active: bool = False) -> Select[SlaTier]:
    """The tiers of an API instance, without deprecated ones if `active`."""
    found = select(SlaTier).where(SlaTier.api_id == api_id)
    return found.where(SlaTier.status == "ACTIVE") if active else found


def get(session: Session, api: ApiInstance, tier_id: int) -> SlaTier:
    """The tier; raise NotFound if the API instance has none with this id."""
    tier = session.get(SlaTier, tier_id)
    if tier is None or tier.api_id != api.id:
        raise NotFound(f"tier {tier_id} not found")
    return tier


def application_counts(session: Session, api_id: int) -> dict[int | None, int]:
    """How many applications have access at each tier of the API instance."""
    query = (
        select(Contract.tier_id, func.count())
        .where(Contract.api_id == api_id, Contract.status == State.APPROVED)
        .group_by(Contract.tier_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def impact(session: Session, tier: SlaTier, columns: Mapping[str, Any]) -> Impact:
    """What would change with these columns."""
    limited = (Contract.tier_id == tier.id) & (Contract.status == State.APPROVED)
    changes_limits = columns.get("limits", tier.limits) != tier.limits
    approves = _approves(
        columns.get("status", tier.status), columns.get("auto_approve", tier.auto_approve)
    )
    return Impact(
        _number(session, limited) if changes_limits else 0,
        _number(session, contracts.waits_for(tier)) if approves else 0,
    )


def _approves(status: str, auto_approve: bool) -> bool:
    """Whether such a tier approves requests by itself. A deprecated one takes no new contracts."""
    return auto_approve and status == "ACTIVE"


def _number(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(condition)) or 0


def create(transaction: Transaction, api: ApiInstance, columns: Mapping[str, Any]) -> SlaTier:
    """Offer a new tier."""
    _require_free_name(transaction.session, api.id, columns["name"])
    tier = SlaTier(api_id=api.id, created_at=transaction.now, **columns)
    transaction.session.add(tier)
    audit_log.record_creation(transaction, tier)
    return tier


def _require_free_name(session: Session, api_id: int, name: str, tier_id: int = 0) -> None:
    query = select(SlaTier.id).where(
        SlaTier.api_id == api_id, SlaTier.name == name, SlaTier.id != tier_id
    )
    if session.scalars(query).first() is not None:
        raise Conflict(f"name: the API instance has a tier named {name!r} already")


def change(transaction: Transaction, tier: SlaTier, columns: Mapping[str, Any]) -> SlaTier:
    """Change the named columns; applications that have the tier get the new limits.

    A tier that needs no approval approves the requests that wait for it.
    """
    if "name" in columns:
        _require_free_name(transaction.session, tier.api_id, columns["name"], tier.id)
    with audit_log.recorded_change(transaction, tier):
        for name, value in columns.items():
            setattr(tier, name, value)
        tier.updated_at = transaction.now
    if _approves(tier.status, tier.auto_approve):
        contracts.approve_waiting(transaction, tier)
    return tier


def users(session: Session, tier: SlaTier) -> int:
    """How many contracts that are approved or wait for approval have the tier or ask for it."""
    alive = Contract.status.in_([State.APPROVED, State.PENDING])
    wanted = or_(Contract.tier_id == tier.id, Contract.requested_tier_id == tier.id)
    return _number(session, alive & wanted)


def delete(transaction: Transaction, tier: SlaTier) -> None:
    """Delete a tier; raise Conflict if a contract that is approved or waits has or wants it."""
    if count := users(transaction.session, tier):
        raise Conflict(
            f"tier {tier.id} is in use by contracts that are approved or wait for approval"
            f" ({count}); move or revoke them, or set status DEPRECATED"
        )
    contracts.lose_tier(transaction, tier)
    audit_log.record_deletion(transaction, tier)
    transaction.session.delete(tier)
