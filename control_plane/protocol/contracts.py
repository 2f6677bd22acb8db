"""Contracts: what an application may do with an API instance, and who decided it."""

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from control_plane.errors import Conflict, Invalid
from control_plane.management import contract_warnings, contracts
from control_plane.management.texts import prose
from control_plane.protocol.bodies import ANSWERED, Body, Id, Name, RowId
from control_plane.protocol.described import answers, one_of, refuses, takes
from control_plane.protocol.documents import contract_document
from control_plane.protocol.paging import InPage
from control_plane.protocol.policies import with_warnings
from control_plane.protocol.scope import ContractsReader, ContractsWriter
from control_plane.protocol.shapes import contracts as shapes
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import ClientApplication, Contract

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}"
    "/apis/{api_id}/contracts"
)


Status = Literal["PENDING", "APPROVED", "REJECTED", "REVOKED"]

_SORTABLE: Final = {
    "id": Contract.id,
    "name": ClientApplication.name,
    "status": Contract.status,
    "createdDate": Contract.created_at,
}


def _in_capitals(status: Any) -> Any:
    return status.upper() if isinstance(status, str) else status


Party = Annotated[str, Field(max_length=256), AfterValidator(prose)]


class AccessReason(Body):
    """Why an application asks for access."""

    reason: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(prose)]


class NewContract(Body):
    """A contract that an application asks for."""

    ignored = ANSWERED

    application_id: Id
    requested_tier_id: Id | None = None
    tier_id: Id | None = None
    """Another name of `requestedTierId`, which the vendor's clients use."""
    request_access_info: AccessReason | None = None
    accepted_terms: bool = False
    party_id: Party | None = None
    party_name: Party | None = None


class ContractChange(Body):
    """An admin's decision about a contract, and the tier that goes with it."""

    ignored = ANSWERED | {
        *("acceptedTerms", "api", "application", "applicationId", "approvedDate", "partyId"),
        *("partyName", "rejectedDate", "requestAccessInfo", "requestedTier", "revokedDate"),
        *("terms", "tier"),
    }

    status: Literal["APPROVED", "REJECTED", "REVOKED"] | None = None
    tier_id: Id | None = None
    requested_tier_id: Id | None = None

    @model_validator(mode="before")
    @classmethod
    def _no_number_as_tier(cls, document: Any) -> Any:
        """Our answers have an object here, which clients send back; a number is a slip."""
        for name in ("tier", "requestedTier"):
            given = document.get(name) if isinstance(document, dict) else None
            if given is not None and not isinstance(given, dict):
                raise ValueError(f"{name} has no effect; did you mean {name}Id?")
        return document


@router.post("", status_code=201)
@answers(shapes.Contract)
@refuses(Conflict)
@in_turn
def request_access(scope: ContractsWriter, api_id: RowId, body: NewContract) -> Response:
    """Ask for a contract. It is approved at once, unless its tier waits for an admin."""
    info = body.request_access_info
    asked = contracts.AccessRequest(
        application_id=body.application_id,
        tier_id=_asked_tier(body),
        tier_field="requestedTierId" if body.tier_id is None else "tierId",
        reason=info.reason if info else None,
        accepted_terms=body.accepted_terms,
        party_id=body.party_id,
        party_name=body.party_name,
    )
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        contract = contracts.request_access(transaction, api, asked)
        warnings = contract_warnings.of_contract(transaction.session, contract)
        return answer(with_warnings(contract_document(contract), warnings), HTTPStatus.CREATED)


def _asked_tier(body: NewContract) -> int | None:
    if (
        None not in (body.requested_tier_id, body.tier_id)
        and body.requested_tier_id != body.tier_id
    ):
        raise Invalid("tierId: differs from requestedTierId; send one of them")
    return body.requested_tier_id or body.tier_id


@router.get("")
@answers(shapes.Contracts)
@takes(sort=one_of(*_SORTABLE))
def all_of_api(
    scope: ContractsReader,
    api_id: RowId,
    page: InPage,
    status: Annotated[Status | None, BeforeValidator(_in_capitals)] = None,
    core_services_id: Annotated[Name | None, Query(alias="coreServicesId")] = None,
) -> dict[str, Any]:
    """The contracts of the API instance, by status or client id if asked."""
    found = contracts.of_api(api_id, status, core_services_id)
    matching = page.matching(found, ClientApplication.name)
    with scope.reading() as session:
        scope.api(session, api_id)
        total, rows = page.rows(session, matching, _SORTABLE)
        return {"total": total, "contracts": [contract_document(row) for row in rows]}


@router.get("/{contract_id}")
@answers(shapes.Contract)
def get(scope: ContractsReader, api_id: RowId, contract_id: RowId) -> dict[str, Any]:
    """One contract."""
    with scope.reading() as session:
        return contract_document(contracts.get(session, scope.api(session, api_id), contract_id))


@router.patch("/{contract_id}")
@answers(shapes.Contract)
@refuses(Conflict)
@in_turn
def change(
    scope: ContractsWriter, api_id: RowId, contract_id: RowId, body: ContractChange
) -> Response:
    """Approve, reject, revoke or restore (`status`), and choose the tier (`tierId`).

    `requestedTierId` asks for another tier. It is granted at once if the tier needs no approval.
    Otherwise it waits for the next PATCH to APPROVED.
    """
    wanted = contracts.ContractChange(
        status=body.status, tier_id=body.tier_id, requested_tier_id=body.requested_tier_id
    )
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        contract = contracts.get(transaction.session, api, contract_id)
        _refuse_null(body, contract)
        contracts.change(transaction, contract, wanted)
        warnings = contract_warnings.of_contract(transaction.session, contract)
        return answer(with_warnings(contract_document(contract), warnings))


def _refuse_null(body: ContractChange, contract: Contract) -> None:
    """Null says nothing about a contract without such a tier; it can't take one away."""
    nulls = {name for name in body.model_fields_set if getattr(body, name) is None}
    if "tier_id" in nulls and contract.tier is not None:
        raise Invalid("tierId: a contract cannot lose its tier; send the id of another one")
    if "requested_tier_id" in nulls and contract.requested_tier is not None:
        raise Invalid("requestedTierId: null takes no request back; POST to .../reject instead")


@router.delete("/{contract_id}", status_code=204)
@refuses(Conflict)
@in_turn
def delete(scope: ContractsWriter, api_id: RowId, contract_id: RowId) -> None:
    """Delete a contract that gives no access. An approved one must be revoked first."""
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        contracts.delete(transaction, contracts.get(transaction.session, api, contract_id))
