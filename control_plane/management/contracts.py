"""Contracts: what an application may do with an API instance, and who decided it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from control_plane.errors import Conflict, Invalid, NotFound
from control_plane.management import applications, audit_log
from control_plane.management.change_feed import bury, next_change
from control_plane.management.contract_states import (
    Event,
    State,
    due_tier,
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
    event: Event | None = None
    """What happens to it, if that is known instead of the status."""
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
    """Ask for a contract. It is approved at once, unless its tier waits for an admin.

    A rejected application can ask again. Raise Conflict if it has a contract in another state.
    """
    session = transaction.session
    application = _application(transaction, asked.application_id)
    rejected = _rejected(session, api.id, application)
    tier = _tier_on_offer(session, api.id, asked.tier_id, asked.tier_field)
    if rejected is not None:
        with audit_log.recorded_change(transaction, rejected, Event.REQUEST):
            _ask(transaction, rejected, asked, tier)
            _tell_gateways(transaction, rejected)
        return rejected
    contract = Contract(
        api_id=api.id,
        environment_id=api.environment_id,
        application=application,
        status=State.NEW,
        change=next_change(transaction),
        created_at=transaction.now,
    )
    _ask(transaction, contract, asked, tier)
    session.add(contract)
    audit_log.record_creation(transaction, contract, Event.REQUEST)
    return contract


def _application(transaction: Transaction, application_id: int) -> ClientApplication:
    try:
        return applications.get(transaction.session, transaction.organization_id, application_id)
    except NotFound as error:
        raise NotFound(f"applicationId: {error.message}") from error


def _rejected(session: Session, api_id: int, application: ClientApplication) -> Contract | None:
    """The application's rejected contract; raise Conflict if it has one in another state."""
    query = select(Contract).where(
        Contract.api_id == api_id, Contract.application_id == application.id
    )
    found = session.scalars(query).one_or_none()
    if found is None or may(found, Event.REQUEST):
        return found
    fix = "; restore it" if found.status == State.REVOKED else ""
    raise Conflict(
        f"application {application.id} has contract {found.id} with this API already, which is"
        f" {found.status}{fix}"
    )


def _ask(
    transaction: Transaction, contract: Contract, asked: AccessRequest, tier: SlaTier | None
) -> None:
    """Note what is asked for, and grant it if nobody has to decide."""
    happen(contract, Event.REQUEST, transaction.now)
    contract.tier, contract.lost_tier = None, None
    contract.requested_tier = tier
    contract.reason, contract.decision_reason = asked.reason, None
    contract.accepted_terms = asked.accepted_terms
    contract.party_id, contract.party_name = asked.party_id, asked.party_name
    if tier is None or tier.auto_approve:
        happen(contract, Event.APPROVE, transaction.now)


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
        if wanted.tier_id is not None:
            _move(transaction.session, contract, wanted.tier_id)
        if (event := _event(contract, wanted)) is not None:
            happen(contract, event, transaction.now)
            contract.decision_reason = wanted.reason
            entry.action = event
        _tell_gateways(transaction, contract)
    return contract


def _event(contract: Contract, wanted: ContractChange) -> Event | None:
    if wanted.status is None:
        return wanted.event
    return event_leading_to(State(wanted.status), contract)


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
    contract.requested_tier = contract.lost_tier = None


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


def lose_tier(transaction: Transaction, tier: SlaTier) -> None:
    """Take a tier that is about to be deleted from the contracts that have it or ask for it.

    A contract that would get this tier when it is restored keeps the tier's name, so that it is
    not restored without a tier by mistake.
    """
    query = select(Contract).where(
        or_(Contract.tier_id == tier.id, Contract.requested_tier_id == tier.id)
    )
    for contract in transaction.session.scalars(query).all():
        with audit_log.recorded_change(transaction, contract, "lose_tier"):
            if due_tier(contract) is tier:
                contract.lost_tier = tier.name
            if contract.tier is tier:
                contract.tier = None
            if contract.requested_tier is tier:
                contract.requested_tier = None


def delete(transaction: Transaction, contract: Contract) -> None:
    """Delete a contract that gives no access; raise Conflict if it does.

    Gateways learn of it by a tombstone.
    """
    if contract.status == State.APPROVED:
        raise Conflict("an approved contract can't be deleted; revoke it first")
    audit_log.record_deletion(transaction, contract)
    bury(transaction, contract)
