"""Contracts: what an application may do with an API instance, and who decided it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from control_plane.errors import Conflict, Invalid, NotFound
from control_plane.management import applications, audit_log
from control_plane.management.change_feed import bury, next_change
from control_plane.management.contract_states import (
    Event,
    State,
    event_leading_to,
    happen,
    is_possible,
    may,
)
from control_plane.management.transaction import Transaction
from control_plane.store.tables import ApiInstance, ClientApplication, Contract, SlaTier


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What an application asks for, on whose behalf and why."""

    application_id: int
    tier_id: int | None = None
    reason: str | None = None
    accepted_terms: bool = False
    party_id: str | None = None
    party_name: str | None = None
    tier_field: str = "requestedTierId"
    """How the caller calls the tier, for messages."""


@dataclass(frozen=True, slots=True)
class ContractChange:
    """What an admin decides about a contract; None leaves things as they are."""

    status: str | None = None
    tier_id: int | None = None
    """The tier that the contract gets."""
    requested_tier_id: int | None = None
    """The tier that is asked for: granted at once if it needs no approval."""
    reason: str | None = None
    """Why the contract is rejected or revoked."""


def of_api(
    api_id: int, status: str | None = None, client_id: str | None = None
) -> Select[Contract]:
    """The contracts of an API instance, joined with their applications."""
    found = select(Contract).join(Contract.application).where(Contract.api_id == api_id)
    if status is not None:
        found = found.where(Contract.status == status.upper())
    if client_id is not None:
        found = found.where(ClientApplication.client_id == client_id)
    return found


def count_pending(session: Session, environment_id: str) -> int:
    """How many contracts with API instances of the environment wait for a decision."""
    query = (
        select(func.count())
        .select_from(Contract)
        .where(Contract.environment_id == environment_id, Contract.status == State.PENDING)
    )
    return session.scalar(query) or 0


def get(session: Session, api: ApiInstance, contract_id: int) -> Contract:
    """The contract; raise NotFound if the API instance has none with this id."""
    contract = session.get(Contract, contract_id)
    if contract is None or contract.api_id != api.id:
        raise NotFound(f"contract {contract_id} not found")
    return contract


def request_access(transaction: Transaction, api: ApiInstance, asked: AccessRequest) -> Contract:
    """Ask for a contract. It is approved at once, unless its tier waits for an admin."""
    session = transaction.session
    application = _application(transaction, asked.application_id)
    _require_no_contract(session, api.id, application)
    tier = _tier_on_offer(session, api.id, asked.tier_id, asked.tier_field)
    contract = Contract(
        api_id=api.id,
        environment_id=api.environment_id,
        application=application,
        status=State.NEW,
        requested_tier=tier,
        reason=asked.reason,
        accepted_terms=asked.accepted_terms,
        party_id=asked.party_id,
        party_name=asked.party_name,
        change=next_change(transaction),
        created_at=transaction.now,
    )
    event = Event.APPROVE if tier is None or tier.auto_approve else Event.REQUEST
    happen(contract, event, transaction.now)
    session.add(contract)
    audit_log.record_creation(transaction, contract, Event.REQUEST)
    return contract


def _application(transaction: Transaction, application_id: int) -> ClientApplication:
    try:
        return applications.get(transaction.session, transaction.organization_id, application_id)
    except NotFound as error:
        raise NotFound(f"applicationId: {error.message}") from error


def _require_no_contract(session: Session, api_id: int, application: ClientApplication) -> None:
    query = select(Contract.id).where(
        Contract.api_id == api_id, Contract.application_id == application.id
    )
    if (found := session.scalar(query)) is not None:
        raise Conflict(f"application {application.id} has contract {found} with this API already")


def warnings(session: Session, contract: Contract) -> list[str]:
    """What is probably not meant: no tier, although the API has some."""
    if contract.tier is not None or contract.requested_tier is not None:
        return []
    offered = select(SlaTier.id).where(
        SlaTier.api_id == contract.api_id, SlaTier.status == "ACTIVE"
    )
    if session.scalars(offered).first() is None:
        return []
    return [
        "the contract has no tier, so the policy rate-limiting-sla-based refuses it; choose one "
        "with tierId"
    ]


def _tier_on_offer(
    session: Session, api_id: int, tier_id: int | None, field: str
) -> SlaTier | None:
    """The tier that a contract may newly get."""
    if tier_id is None:
        return None
    tier = session.get(SlaTier, tier_id)
    if tier is None or tier.api_id != api_id:
        raise Invalid(f"{field}: this API has no tier {tier_id}")
    if tier.status == "DEPRECATED":
        raise Invalid(f"{field}: tier {tier_id} is deprecated and takes no new contracts")
    return tier


def change(transaction: Transaction, contract: Contract, wanted: ContractChange) -> Contract:
    """Approve, reject, revoke or restore the contract, and choose its tier.

    Raise Conflict if the contract can't come from its state into the wanted one.
    """
    with audit_log.recorded_change(transaction, contract) as entry:
        if wanted.requested_tier_id is not None:
            entry.action = _ask_for_tier(transaction, contract, wanted.requested_tier_id)
        if wanted.status is not None:
            event = event_leading_to(State(wanted.status), contract)
            happen(contract, event, transaction.now)
            contract.decision_reason = wanted.reason
            entry.action = event
        if wanted.tier_id is not None:
            _move(transaction.session, contract, wanted.tier_id)
        _tell_gateways(transaction, contract)
    return contract


def _ask_for_tier(transaction: Transaction, contract: Contract, tier_id: int) -> str:
    """Note the tier that is asked for, and grant it if it needs no approval; the action."""
    tier = _tier_on_offer(transaction.session, contract.api_id, tier_id, "requestedTierId")
    contract.requested_tier = tier
    if tier is None or not tier.auto_approve or not may(contract, Event.APPROVE):
        return "request_tier"
    happen(contract, Event.APPROVE, transaction.now)
    return Event.APPROVE


def _move(session: Session, contract: Contract, tier_id: int) -> None:
    """Give the contract a tier. A contract may stay on a deprecated tier that it has."""
    if contract.tier is None or contract.tier.id != tier_id:
        contract.tier = _tier_on_offer(session, contract.api_id, tier_id, "tierId")
    contract.requested_tier = None


def _tell_gateways(transaction: Transaction, contract: Contract) -> None:
    """Date the change of the contract, and give it a number in the feed."""
    contract.updated_at = transaction.now
    contract.change = next_change(transaction)


def waits_for(tier: SlaTier) -> ColumnElement[bool]:
    """Whether a contract asks for the tier and can be approved."""
    approvable = [state for state in State if is_possible(state, Event.APPROVE)]
    return (Contract.requested_tier_id == tier.id) & Contract.status.in_(approvable)


def approve_waiting(transaction: Transaction, tier: SlaTier) -> None:
    """Approve every request for the tier, which no longer needs an admin's approval."""
    for contract in transaction.session.scalars(select(Contract).where(waits_for(tier))).all():
        with audit_log.recorded_change(transaction, contract, Event.APPROVE):
            happen(contract, Event.APPROVE, transaction.now)
            _tell_gateways(transaction, contract)


def delete_unused(transaction: Transaction, contract: Contract) -> None:
    """Delete a contract that gives no access; raise Conflict if it does."""
    if contract.status == State.APPROVED:
        raise Conflict("an approved contract can't be deleted; revoke it first")
    delete(transaction, contract)


def delete(transaction: Transaction, contract: Contract) -> None:
    """Delete a contract. Gateways learn of it by a tombstone."""
    audit_log.record_deletion(transaction, contract)
    bury(transaction, contract)
