"""The contracts of one application, as Exchange and an older part of the platform have them.

A client asks for access here, and names the API instance in the body. The contracts are those of
`contracts`.
"""

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Response
from pydantic import BeforeValidator, Field
from sqlalchemy.orm import Session

from control_plane.accounts.roles import Permission
from control_plane.errors import Conflict, Forbidden, Invalid
from control_plane.management import apis, applications, contract_queue, contract_warnings
from control_plane.management.contracts import AccessRequest, request_access
from control_plane.protocol.api_documents import api_document
from control_plane.protocol.bodies import Body, Id, Name, RowId
from control_plane.protocol.contracts import AccessReason
from control_plane.protocol.described import answers, refuses
from control_plane.protocol.documents import contract_document
from control_plane.protocol.policies import with_warnings
from control_plane.protocol.scope import OrganizationReader, OrganizationScope
from control_plane.protocol.shapes import contracts as shapes
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import ApiInstance, Contract

_PATH: Final = "organizations/{organization_id}/applications/{application_id}/contracts"
_MAX_DIGITS: Final = 18


def _number(value: Any) -> Any:
    """The id that some clients write as text."""
    is_number = isinstance(value, str) and value.isascii() and value.isdigit()
    return int(value) if is_number and len(value) <= _MAX_DIGITS else value


IdOrText = Annotated[Id, BeforeValidator(_number)]


class NewApplicationContract(Body):
    """A contract that an application asks for, with the API instance as Exchange knows it."""

    ignored = frozenset(
        {"id", "productAPIVersion", "productApiVersion", "status", "version", "versionGroup"}
    )

    api_id: IdOrText
    environment_id: Annotated[str, Field(min_length=1, max_length=64)]
    organization_id: str | None = None
    group_id: Name | None = None
    asset_id: Name | None = None
    instance_type: Literal["api"] = "api"
    requested_tier_id: IdOrText | None = None
    accepted_terms: bool = False
    request_access_info: AccessReason | None = None


router = APIRouter()


@router.post(f"/exchange/api/v1/{_PATH}", status_code=201)
@router.post(f"/exchange/api/v2/{_PATH}", status_code=201)
@answers(shapes.ContractOfApplication)
@refuses(Conflict, Forbidden)
@in_turn
def request(
    scope: OrganizationReader, application_id: RowId, body: NewApplicationContract
) -> Response:
    """Ask for a contract. It is approved at once, unless its tier waits for an admin."""
    info = body.request_access_info
    asked = AccessRequest(
        application_id=application_id,
        tier_id=body.requested_tier_id,
        reason=info.reason if info else None,
        accepted_terms=body.accepted_terms,
    )
    with scope.writing() as transaction:
        session = transaction.session
        contract = request_access(transaction, _api(scope, session, body), asked)
        warnings = contract_warnings.of_contract(session, contract)
        document = with_warnings(_document(contract), warnings)
        return answer(document, HTTPStatus.CREATED)


def _api(scope: OrganizationScope, session: Session, body: NewApplicationContract) -> ApiInstance:
    """The API instance; raise Invalid if the body says something else about it."""
    scope.caller.require_environment(body.environment_id, session)
    scope.caller.require(Permission.CONTRACTS_WRITE, body.environment_id)
    api = apis.get(session, body.environment_id, body.api_id)
    wrong = [
        f"{name}: API instance {api.id} has {known!r}"
        for name, given, known in (
            ("organizationId", body.organization_id, scope.organization_id),
            ("groupId", body.group_id, api.asset.group_id),
            ("assetId", body.asset_id, api.asset.asset_id),
        )
        if given not in (None, known)
    ]
    if wrong:
        raise Invalid("; ".join(wrong))
    return api


@router.get(f"/exchange/api/v1/{_PATH}")
@router.get(f"/exchange/api/v2/{_PATH}")
@router.get(f"/apiplatform/repository/v2/{_PATH}")
@answers(list[shapes.ContractOfApplication])
@refuses(Forbidden)
def all_of_application(scope: OrganizationReader, application_id: RowId) -> list[dict[str, Any]]:
    """The application's contracts, in all environments whose contracts the caller may see."""
    scope.caller.require_somewhere(Permission.CONTRACTS_READ)
    with scope.reading() as session:
        application = applications.get(session, scope.organization_id, application_id)
        seen = [
            environment.id
            for environment in scope.caller.environments(session)
            if scope.caller.may(Permission.CONTRACTS_READ, environment.id)
        ]
        found = contract_queue.of_application_in(seen, application.id)
        return [_document(row) for row in session.scalars(found)]


def _document(contract: Contract) -> dict[str, Any]:
    """A contract as the lists of an application show it: with its API instance.

    `api` is what Exchange answers, `apiVersion` what an older part of the platform does.
    """
    api = api_document(contract.api)
    names = (
        *("audit", "id", "organizationId", "environmentId", "groupId", "assetId", "assetVersion"),
        *("productVersion", "instanceLabel", "deprecated"),
    )
    shown = {name: api[name] for name in names}
    asset = {
        "id": contract.api.asset.id,
        "name": f"groupId:{api['groupId']}:assetId:{api['assetId']}",
        "exchangeAssetName": api["assetId"],
    }
    return contract_document(contract) | {
        "clientId": contract.application.client_id,
        "api": {**shown, "version": api["assetVersion"]},
        "apiVersion": {**shown, "name": api["autodiscoveryInstanceName"], "api": asset},
        "groupInstance": None,
    }
