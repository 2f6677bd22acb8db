"""Contracts: what an application may do with an API instance, and who said so."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.clock import iso
from control_plane.errors import BadRequest, Conflict
from control_plane.protocol.applications import application_document
from control_plane.protocol.contract_feed import bury, next_change
from control_plane.protocol.scope import (
    MAX_ID,
    Body,
    EnvironmentAdmin,
    EnvironmentScope,
    InPage,
    Name,
    RowId,
    audit,
    containing,
    not_found,
)
from control_plane.protocol.tiers import tier_document
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import (
    ClientApplication,
    Contract,
    SlaTier,
)

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}"
    "/apis/{api_id}/contracts"
)

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Status = Literal["PENDING", "APPROVED", "REJECTED", "REVOKED"]

# From which states an admin may bring a contract into another. Restoring is approving again.
_ALLOWED_FROM: dict[str, tuple[Status, ...]] = {
    "APPROVED": ("PENDING", "APPROVED", "REJECTED", "REVOKED"),
    "REJECTED": ("PENDING", "REJECTED"),
    "REVOKED": ("APPROVED", "REVOKED"),
}


class AccessRequest(Body):
    """Why an application asks for access."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class NewContract(Body):
    """A contract that an application asks for."""

    application_id: Id
    requested_tier_id: Id | None = None
    request_access_info: AccessRequest | None = None
    accepted_terms: bool = False
    party_id: Annotated[str, Field(max_length=256)] | None = None
    party_name: Annotated[str, Field(max_length=256)] | None = None


class ContractChange(Body):
    """An admin's decision about a contract, and the tier that goes with it."""

    status: Literal["APPROVED", "REJECTED", "REVOKED"] | None = None
    tier_id: Id | None = None
    requested_tier_id: Id | None = None


def _document(scope: EnvironmentScope, contract: Contract) -> dict[str, Any]:
    return {
        "audit": audit(contract.created_at, contract.updated_at),
        "masterOrganizationId": scope.organization_id,
        "organizationId": scope.organization_id,
        "id": contract.id,
        "status": contract.status,
        "approvedDate": iso(contract.approved_at),
        "rejectedDate": iso(contract.rejected_at),
        "revokedDate": iso(contract.revoked_at),
        "applicationId": contract.application_id,
        "application": application_document(contract.application),
        "tierId": contract.tier_id,
        "tier": contract.tier and tier_document(contract.tier),
        "requestedTierId": contract.requested_tier_id,
        "requestedTier": contract.requested_tier and tier_document(contract.requested_tier),
        "acceptedTerms": contract.accepted_terms,
        "terms": None,
        "partyId": contract.party_id,
        "partyName": contract.party_name,
        "requestAccessInfo": contract.reason and {"reason": contract.reason},
        "apiId": contract.api_id,
        "api": {"audit": {"created": {}, "updated": {}}, "id": contract.api_id},
    }


@router.post("", status_code=201)
@in_turn
def request_access(scope: EnvironmentAdmin, api_id: RowId, body: NewContract) -> Response:
    """Ask for a contract. It is approved at once, unless its tier waits for an admin."""
    with scope.services.database.write() as session:
        scope.api(session, api_id)
        application = _application(session, scope, body.application_id)
        _require_no_contract(session, api_id, application)
        tier = _tier_on_offer(session, api_id, body.requested_tier_id, "requestedTierId")
        approved = tier is None or tier.auto_approve
        contract = Contract(
            api_id=api_id,
            application=application,
            status="APPROVED" if approved else "PENDING",
            approved_at=scope.now() if approved else None,
            tier=tier if approved else None,
            requested_tier=None if approved else tier,
            reason=body.request_access_info and body.request_access_info.reason,
            accepted_terms=body.accepted_terms,
            party_id=body.party_id,
            party_name=body.party_name,
            change=next_change(session, scope),
            created_at=scope.now(),
        )
        session.add(contract)
        session.flush()
        return answer(_document(scope, contract), HTTPStatus.CREATED)


def _application(
    session: Session, scope: EnvironmentScope, application_id: int
) -> ClientApplication:
    application = session.get(ClientApplication, application_id)
    if application is None or application.organization_id != scope.organization_id:
        raise not_found("applicationId: client application", application_id)
    return application


def _require_no_contract(session: Session, api_id: int, application: ClientApplication) -> None:
    query = select(Contract.id).where(
        Contract.api_id == api_id, Contract.application_id == application.id
    )
    if (found := session.scalar(query)) is not None:
        raise Conflict(f"application {application.id} has contract {found} with this API already")


def _tier_on_offer(
    session: Session, api_id: int, tier_id: int | None, field: str
) -> SlaTier | None:
    """The tier that a contract may newly get."""
    if tier_id is None:
        return None
    tier = session.get(SlaTier, tier_id)
    if tier is None or tier.api_id != api_id:
        raise BadRequest(f"{field}: this API has no tier {tier_id}")
    if tier.status == "DEPRECATED":
        raise BadRequest(f"{field}: tier {tier_id} is deprecated and takes no new contracts")
    return tier


@router.get("")
def all_of_api(
    scope: EnvironmentAdmin,
    api_id: RowId,
    page: InPage,
    status: str | None = None,
    core_services_id: Annotated[Name | None, Query(alias="coreServicesId")] = None,
) -> dict[str, Any]:
    """The contracts of the API instance, by status or client id if asked."""
    matching = select(Contract).join(Contract.application).where(Contract.api_id == api_id)
    if status is not None:
        matching = matching.where(Contract.status == status.upper())
    if core_services_id is not None:
        matching = matching.where(ClientApplication.client_id == core_services_id)
    if page.query:
        matching = matching.where(containing(ClientApplication.name, page.query))
    with scope.services.database.read() as session:
        scope.api(session, api_id)
        total, rows = page.rows(session, matching, {"id": Contract.id, "status": Contract.status})
        return {"total": total, "contracts": [_document(scope, row) for row in rows]}


@router.get("/{contract_id}")
def get(scope: EnvironmentAdmin, api_id: RowId, contract_id: RowId) -> dict[str, Any]:
    """One contract."""
    with scope.services.database.read() as session:
        return _document(scope, _contract(session, scope, api_id, contract_id))


def _contract(session: Session, scope: EnvironmentScope, api_id: int, contract_id: int) -> Contract:
    scope.api(session, api_id)
    contract = session.get(Contract, contract_id)
    if contract is None or contract.api_id != api_id:
        raise not_found("contract", contract_id)
    return contract


@router.patch("/{contract_id}")
@in_turn
def change(
    scope: EnvironmentAdmin, api_id: RowId, contract_id: RowId, body: ContractChange
) -> Response:
    """Approve, reject, revoke or restore (`status`), and choose the tier (`tierId`).

    `requestedTierId` asks for another tier: granted at once where the tier needs no approval,
    else it waits for the next PATCH to APPROVED.
    """
    with scope.services.database.write() as session:
        contract = _contract(session, scope, api_id, contract_id)
        if body.requested_tier_id is not None:
            _ask_for_tier(session, scope, contract, body.requested_tier_id)
        if body.status is not None:
            _decide(scope, contract, body.status)
        if body.tier_id is not None:
            _move(session, contract, body.tier_id)
        contract.updated_at = scope.now()
        contract.change = next_change(session, scope)
        session.flush()
        return answer(_document(scope, contract))


def _ask_for_tier(
    session: Session, scope: EnvironmentScope, contract: Contract, tier_id: int
) -> None:
    contract.requested_tier = _tier_on_offer(session, contract.api_id, tier_id, "requestedTierId")
    waits = contract.status in ("PENDING", "APPROVED")
    if waits and contract.requested_tier and contract.requested_tier.auto_approve:
        _decide(scope, contract, "APPROVED")


def _move(session: Session, contract: Contract, tier_id: int) -> None:
    """Give the contract a tier; staying on a deprecated one is no new contract on it."""
    if contract.tier is None or contract.tier.id != tier_id:
        contract.tier = _tier_on_offer(session, contract.api_id, tier_id, "tierId")
    contract.requested_tier = None


def _decide(scope: EnvironmentScope, contract: Contract, status: str) -> None:
    if contract.status not in _ALLOWED_FROM[status]:
        raise Conflict(f"status: a contract that is {contract.status} can't become {status}")
    contract.status = status
    if status == "APPROVED":
        contract.approved_at = scope.now()
        contract.rejected_at = contract.revoked_at = None
        contract.tier = contract.requested_tier or contract.tier
        contract.requested_tier = None
    elif status == "REJECTED":
        contract.rejected_at = scope.now()
    else:
        contract.revoked_at = scope.now()


@router.delete("/{contract_id}", status_code=204)
@in_turn
def delete(scope: EnvironmentAdmin, api_id: RowId, contract_id: RowId) -> None:
    """Delete a contract; gateways hear of it by a tombstone."""
    with scope.services.database.write() as session:
        contract = _contract(session, scope, api_id, contract_id)
        bury(session, scope, contract)
