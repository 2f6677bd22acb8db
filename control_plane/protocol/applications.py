"""Client applications. Their secret is in the answer that makes it, and nowhere else again."""

import secrets
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.accounts.hashing import salted
from control_plane.errors import Conflict
from control_plane.protocol.contract_feed import bury, next_change
from control_plane.protocol.scope import (
    Body,
    InPage,
    Name,
    OrganizationAdmin,
    OrganizationScope,
    Prose,
    RowId,
    Uri,
    audit,
    containing,
    not_found,
)
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import ClientApplication, Contract

router = APIRouter(prefix="/exchange/api/v2/organizations/{organization_id}/applications")
imports = APIRouter(prefix="/apimanager/api/v1/organizations/{organization_id}/applications")


class NewApplication(Body):
    """An application to register."""

    name: Name
    description: Prose | None = None
    url: Uri | None = None
    redirect_uri: Annotated[list[Uri], Field(max_length=50)] = Field(default_factory=list)


class ApplicationChange(Body):
    """What may change about an application."""

    name: Name = ""
    description: Prose | None = None
    url: Uri | None = None
    redirect_uri: Annotated[list[Uri], Field(max_length=50)] = Field(default_factory=list)


class ImportedApplication(Body):
    """A client that an identity provider knows already (official: application-import.json)."""

    client_id: Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[a-zA-Z0-9\-_.~]+$")]
    provider_id: Annotated[
        str, Field(pattern=r"^[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}$")
    ]
    description: Prose | None = None
    url: Uri | None = None


def application_document(application: ClientApplication) -> dict[str, Any]:
    """An application as official answers show it, without its secret."""
    return {
        "audit": audit(application.created_at, application.updated_at),
        "masterOrganizationId": application.organization_id,
        "id": application.id,
        "name": application.name,
        "description": application.description,
        "coreServicesId": application.client_id,
        "url": application.url,
        "grantTypes": [],
        "redirectUri": application.redirect_uris,
        "clientId": application.client_id,
        "clientProvider": {"providerId": application.provider_id},
        "owners": [],
    }


@router.post("", status_code=201)
@in_turn
def create(scope: OrganizationAdmin, body: NewApplication) -> Response:
    """Register an application; the answer is the only one with its secret."""
    secret = secrets.token_hex(16)
    stored = salted(secret, scope.services.settings.secret_form)
    application = ClientApplication(
        organization_id=scope.organization_id,
        name=body.name,
        description=body.description,
        url=body.url,
        redirect_uris=body.redirect_uri,
        client_id=secrets.token_hex(16),
        secret_salt=stored.salt,
        secret_hash=stored.hash,
        created_at=scope.now(),
    )
    with scope.services.database.write() as session:
        session.add(application)
        session.flush()
        return answer(
            {**application_document(application), "clientSecret": secret}, HTTPStatus.CREATED
        )


@imports.post("", status_code=201)
@in_turn
def import_(scope: OrganizationAdmin, body: ImportedApplication) -> Response:
    """Take over a client of an identity provider, which alone knows its secret."""
    with scope.services.database.write() as session:
        query = select(ClientApplication.id).where(ClientApplication.client_id == body.client_id)
        if session.scalar(query) is not None:
            raise Conflict(f"clientId: {body.client_id!r} is registered already")
        application = ClientApplication(
            organization_id=scope.organization_id,
            name=body.client_id,
            redirect_uris=[],
            created_at=scope.now(),
            **body.model_dump(),
        )
        session.add(application)
        session.flush()
        return answer(
            {"id": application.id, "message": "Resource created successfully"}, HTTPStatus.CREATED
        )


@router.get("")
def all_of_organization(scope: OrganizationAdmin, page: InPage) -> dict[str, Any]:
    """The organization's applications."""
    matching = select(ClientApplication).where(
        ClientApplication.organization_id == scope.organization_id
    )
    if page.query:
        matching = matching.where(containing(ClientApplication.name, page.query))
    sortable = {"id": ClientApplication.id, "name": ClientApplication.name}
    with scope.services.database.read() as session:
        total, rows = page.rows(session, matching, sortable)
        return {"total": total, "applications": [application_document(row) for row in rows]}


@router.get("/{application_id}")
def get(scope: OrganizationAdmin, application_id: RowId) -> dict[str, Any]:
    """One application."""
    with scope.services.database.read() as session:
        return application_document(_application(session, scope, application_id))


def _application(
    session: Session, scope: OrganizationScope, application_id: int
) -> ClientApplication:
    application = session.get(ClientApplication, application_id)
    if application is None or application.organization_id != scope.organization_id:
        raise not_found("client application", application_id)
    return application


def _contracts(session: Session, application: ClientApplication) -> list[Contract]:
    return list(session.scalars(select(Contract).where(Contract.application_id == application.id)))


def _tell_gateways(
    session: Session, scope: OrganizationScope, application: ClientApplication
) -> None:
    """Date the application's change, and let its contracts come again in the feed."""
    application.updated_at = scope.now()
    for contract in _contracts(session, application):
        contract.change = next_change(session, scope)


@router.patch("/{application_id}")
@in_turn
def change(scope: OrganizationAdmin, application_id: RowId, body: ApplicationChange) -> Response:
    """Change the fields that are given."""
    given = body.given()
    if "redirect_uri" in given:
        given["redirect_uris"] = given.pop("redirect_uri")
    with scope.services.database.write() as session:
        application = _application(session, scope, application_id)
        for name, value in given.items():
            setattr(application, name, value)
        _tell_gateways(session, scope, application)
        return answer(application_document(application))


@router.post("/{application_id}/secret/reset", status_code=201)
@in_turn
def reset_secret(scope: OrganizationAdmin, application_id: RowId) -> Response:
    """Make a new secret; the old one ends when the gateways have polled."""
    secret = secrets.token_hex(16)
    stored = salted(secret, scope.services.settings.secret_form)
    with scope.services.database.write() as session:
        application = _application(session, scope, application_id)
        if application.provider_id is not None:
            raise Conflict("an imported application has its secret at its identity provider")
        application.secret_salt, application.secret_hash = stored
        _tell_gateways(session, scope, application)
        return answer(
            {"clientId": application.client_id, "clientSecret": secret}, HTTPStatus.CREATED
        )


@router.delete("/{application_id}", status_code=204)
@in_turn
def delete(scope: OrganizationAdmin, application_id: RowId) -> None:
    """Delete an application with all of its contracts."""
    with scope.services.database.write() as session:
        application = _application(session, scope, application_id)
        for contract in _contracts(session, application):
            bury(session, scope, contract)
        session.flush()
        session.delete(application)
