"""SLA tiers of one API instance."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from control_plane.errors import Conflict, NotFound
from control_plane.management import audit_log, contracts
from control_plane.management.transaction import Transaction
from control_plane.store.tables import ApiInstance, Contract, SlaTier


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
    """How many applications have each tier of the API instance."""
    query = (
        select(Contract.tier_id, func.count())
        .where(Contract.api_id == api_id)
        .group_by(Contract.tier_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


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
    if tier.auto_approve:
        contracts.approve_waiting(transaction, tier)
    return tier


def delete(transaction: Transaction, tier: SlaTier) -> None:
    """Delete a tier that no contract has or asks for."""
    users = select(func.count()).where(
        or_(Contract.tier_id == tier.id, Contract.requested_tier_id == tier.id)
    )
    if count := transaction.session.scalar(users):
        raise Conflict(f"tier {tier.id} has {count} contracts; move them, or set status DEPRECATED")
    audit_log.record_deletion(transaction, tier)
    transaction.session.delete(tier)
