"""The contract feed that gateways poll ("CCS v3"): changes since a cursor, oldest first.

Every change that a gateway must hear of takes the next number of the organization, inside the
transaction that makes it. SQLite has one writer at a time and `Database.write` takes the lock
before it reads, so numbers are committed in their order: a reader that has seen change n has seen
all changes before it. A cursor names the last change that was seen. A cursor of another database,
or one that knows more than a restored copy, is refused, and the reader starts over: see
`feed_epochs`.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.clock import iso
from control_plane.errors import BadRequest
from control_plane.management.feed_epochs import Cursor, is_valid
from control_plane.protocol.scope import (
    EnvironmentReader,
    EnvironmentScope,
    OrganizationScope,
    RowId,
)
from control_plane.store.tables import Contract, ContractTombstone, Organization

router = APIRouter(
    prefix="/apigateway/ccs/v3/organizations/{organization_id}/environments/{environment_id}"
)

HASH_ALGORITHM = "sha256"


def next_change(session: Session, scope: OrganizationScope) -> int:
    """The number of a change to a contract; call it in the transaction that makes the change."""
    organization = session.get_one(Organization, scope.organization_id)
    scope.services.epochs.before_change(session, organization)
    organization.last_change += 1
    return organization.last_change


def bury(session: Session, scope: OrganizationScope, contract: Contract) -> None:
    """Delete a contract and leave a tombstone for the gateways that know it."""
    session.add(
        ContractTombstone(
            contract_id=contract.id,
            api_id=contract.api_id,
            client_id=contract.application.client_id,
            change=next_change(session, scope),
            removed_at=scope.now(),
        )
    )
    session.delete(contract)


@router.get("/apis/{api_id}/contracts")
def contracts(
    request: Request,
    scope: EnvironmentReader,
    api_id: RowId,
    cursor: str | None = None,
    accept_hash_algorithm: Annotated[str | None, Header(alias="X-Accept-Hash-Algorithm")] = None,
) -> dict[str, Any]:
    """One page of changes. An empty page means: no more for now; its `next` is where to go on."""
    if (accept_hash_algorithm or "").lower() != HASH_ALGORITHM:
        raise BadRequest("X-Accept-Hash-Algorithm: must be sha256; secrets are kept hashed only")
    with scope.services.database.read() as session:
        scope.api(session, api_id)
        organization = session.get_one(Organization, scope.organization_id)
        scope.services.epochs.tell(organization)
        beginning = Cursor(organization.feed_epoch, 0, organization.last_change)
        start = beginning if cursor is None else _known(cursor, session, organization)
        entries = _changes_after(session, scope, api_id, start.position)
        end = beginning._replace(position=entries[-1][0]) if entries else start
    here = f"{_origin(request, scope)}{request.url.path}"
    query = f"?{request.url.query}" if request.url.query else ""
    return {
        "links": {
            "self": f"{here}{query}",
            "next": f"{here}?cursor={end}",
        },
        "data": [document for _, document in entries],
    }


def _origin(request: Request, scope: EnvironmentScope) -> str:
    public_url = scope.services.settings.public_url
    return str(public_url or request.base_url).rstrip("/")


def _known(text: str, session: Session, organization: Organization) -> Cursor:
    cursor = Cursor.parse(text)
    if cursor is None or not is_valid(cursor, session, organization):
        raise BadRequest("cursor: unknown here; start again without one")
    return cursor


def _changes_after(
    session: Session, scope: EnvironmentScope, api_id: int, after: int
) -> list[tuple[int, dict[str, Any]]]:
    limit = scope.services.settings.contract_page_size
    living = (
        select(Contract)
        # A request that waits for approval is nothing that a gateway could use or has to forget.
        .where(Contract.api_id == api_id, Contract.change > after, Contract.status != "PENDING")
        .order_by(Contract.change)
        .limit(limit)
    )
    deleted = (
        select(ContractTombstone)
        .where(ContractTombstone.api_id == api_id, ContractTombstone.change > after)
        .order_by(ContractTombstone.change)
        .limit(limit)
    )
    entries = [(row.change, _document(scope, row)) for row in session.scalars(living)]
    entries += [(row.change, _tombstone(scope, row)) for row in session.scalars(deleted)]
    return sorted(entries, key=lambda entry: entry[0])[:limit]


def _document(scope: EnvironmentScope, contract: Contract) -> dict[str, Any]:
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
