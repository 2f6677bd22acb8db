"""The contract feed that gateways poll ("CCS v3"): changes since a cursor, oldest first."""

from functools import partial
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Request, Response

from control_plane.clock import iso
from control_plane.errors import Invalid
from control_plane.management import change_feed, client_secrets
from control_plane.management.transaction import CONTROL_PLANE
from control_plane.protocol.bodies import RowId
from control_plane.protocol.described import answers
from control_plane.protocol.revision import name_revision
from control_plane.protocol.scope import EnvironmentScope, FeedReader
from control_plane.protocol.shapes import contracts as shapes
from control_plane.store.tables import Contract, ContractTombstone

router = APIRouter(
    prefix="/apigateway/ccs/v3/organizations/{organization_id}/environments/{environment_id}"
)

HASH_ALGORITHM = "sha256"


async def _end_due_overlaps(scope: FeedReader) -> None:
    """See `client_secrets`: the page that is read next then has what ended."""
    if await run_sync(_any_overlap_is_due, scope):
        await scope.services.writes.run(partial(_write_ends, scope))


def _any_overlap_is_due(scope: EnvironmentScope) -> bool:
    with scope.reading() as session:
        return client_secrets.any_overlap_is_due(session, scope.now())


def _write_ends(scope: EnvironmentScope) -> None:
    with scope.writing(CONTROL_PLANE) as transaction:
        client_secrets.end_due_overlaps(transaction)


@router.get("/apis/{api_id}/contracts", dependencies=[Depends(_end_due_overlaps)])
@answers(shapes.FeedPage)
def contracts(
    request: Request,
    response: Response,
    scope: FeedReader,
    api_id: RowId,
    cursor: str | None = None,
    accept_hash_algorithm: Annotated[
        str | None,
        Header(alias="X-Accept-Hash-Algorithm", json_schema_extra={"enum": [HASH_ALGORITHM]}),
    ] = None,
) -> dict[str, Any]:
    """One page of changes. On an empty page there are no more for now; `next` is for later."""
    if (accept_hash_algorithm or "").lower() != HASH_ALGORITHM:
        raise Invalid("X-Accept-Hash-Algorithm: must be sha256; secrets are kept hashed only")
    services = scope.services
    with scope.reading() as session:
        name_revision(response, session)
        scope.api(session, api_id)
        page = change_feed.read_page(
            session,
            scope.organization_id,
            api_id,
            cursor,
            limit=services.settings.contract_page_size,
        )
        data = [_document(scope, entry) for entry in page.entries]
    here = f"{_origin(request, scope)}{request.url.path}"
    query = f"?{request.url.query}" if request.url.query else ""
    return {"links": {"self": f"{here}{query}", "next": f"{here}?cursor={page.end}"}, "data": data}


def _origin(request: Request, scope: EnvironmentScope) -> str:
    public_url = scope.services.settings.public_url
    return str(public_url or request.base_url).rstrip("/")


def _document(scope: EnvironmentScope, entry: change_feed.Entry) -> dict[str, Any]:
    if isinstance(entry, ContractTombstone):
        return _tombstone(scope, entry)
    return _contract(scope, entry)


def _contract(scope: EnvironmentScope, contract: Contract) -> dict[str, Any]:
    application = contract.application
    removed = contract.status != "APPROVED"
    contract_updated = contract.updated_at or contract.created_at
    client_updated = application.updated_at or application.created_at
    return {
        "organizationId": scope.organization_id,
        "contractId": contract.id,
        "apiId": contract.api_id,
        "versionId": contract.api_id,
        "slaTierId": contract.tier_id,
        "clientId": application.client_id,
        "clientSecret": None if removed else application.secret_hash,
        "clientSecretSalt": None if removed else application.secret_salt,
        # An extension of ours, which other gateways ignore.
        "previousClientSecret": None if removed else application.previous_secret_hash,
        "contractUpdatedDate": iso(contract_updated),
        "redirectUris": application.redirect_uris,
        "clientName": application.name,
        "clientDescription": application.description,
        "clientUpdatedDate": iso(client_updated),
        "updatedDate": iso(max(contract_updated, client_updated)),
        "removed": True if removed else None,
    }


def _tombstone(scope: EnvironmentScope, tombstone: ContractTombstone) -> dict[str, Any]:
    return {
        "organizationId": scope.organization_id,
        "contractId": tombstone.contract_id,
        "apiId": tombstone.api_id,
        "versionId": tombstone.api_id,
        "slaTierId": None,
        "clientId": tombstone.client_id,
        "clientSecret": None,
        "clientSecretSalt": None,
        "contractUpdatedDate": iso(tombstone.removed_at),
        "redirectUris": [],
        "clientName": None,
        "clientDescription": None,
        "clientUpdatedDate": None,
        "updatedDate": iso(tombstone.removed_at),
        "removed": True,
    }
