"""Client applications. Their secret is in the answer that makes it, and in no other."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from control_plane.management import applications, client_secrets
from control_plane.protocol.bodies import ANSWERED, Body, Name, Prose, RowId, Uri
from control_plane.protocol.documents import application_document
from control_plane.protocol.paging import InPage
from control_plane.protocol.scope import ApplicationsReader, ApplicationsWriter
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import ClientApplication

router = APIRouter(prefix="/exchange/api/v2/organizations/{organization_id}/applications")
imports = APIRouter(prefix="/apimanager/api/v1/organizations/{organization_id}/applications")


_UNUSED = frozenset({"apiEndpoints", "grantTypes"})
"""Fields of the vendor's clients that have no effect here."""

OverlapSeconds = Annotated[
    int,
    Query(alias="overlapSeconds", ge=0, le=client_secrets.MAX_OVERLAP // timedelta(seconds=1)),
]


class NewApplication(Body):
    """An application to register."""

    ignored = _UNUSED

    name: Name
    description: Prose | None = None
    url: Uri | None = None
    redirect_uri: Annotated[list[Uri], Field(max_length=50)] = Field(default_factory=list)


class ApplicationChange(Body):
    """What may change about an application."""

    ignored = _UNUSED | ANSWERED | {"clientId", "clientProvider", "coreServicesId", "owners"}

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


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    if "redirect_uri" in given:
        given["redirect_uris"] = given.pop("redirect_uri")
    return given


@router.post("", status_code=201)
@in_turn
def create(scope: ApplicationsWriter, body: NewApplication) -> Response:
    """Register an application; the answer is the only one with its secret."""
    form = scope.services.settings.secret_form
    with scope.writing() as transaction:
        made = applications.register(transaction, _columns(dict(body)), form)
        document = {**application_document(made.application), "clientSecret": made.secret}
        return answer(document, HTTPStatus.CREATED)


@imports.post("", status_code=201)
@in_turn
def import_(scope: ApplicationsWriter, body: ImportedApplication) -> Response:
    """Add a client of an identity provider, which alone knows its secret."""
    columns = body.model_dump(exclude={"client_id"})
    with scope.writing() as transaction:
        application = applications.import_client(transaction, body.client_id, columns)
        document = {"id": application.id, "message": "Resource created successfully"}
        return answer(document, HTTPStatus.CREATED)


@router.get("")
def all_of_organization(scope: ApplicationsReader, page: InPage) -> dict[str, Any]:
    """The organization's applications."""
    found = applications.of_organization(scope.organization_id)
    matching = page.matching(found, ClientApplication.name)
    sortable = {"id": ClientApplication.id, "name": ClientApplication.name}
    with scope.reading() as session:
        total, rows = page.rows(session, matching, sortable)
        return {"total": total, "applications": [application_document(row) for row in rows]}


@router.get("/{application_id}")
def get(scope: ApplicationsReader, application_id: RowId) -> dict[str, Any]:
    """One application."""
    with scope.reading() as session:
        application = applications.get(session, scope.organization_id, application_id)
        return application_document(application)


@router.patch("/{application_id}")
@in_turn
def change(scope: ApplicationsWriter, application_id: RowId, body: ApplicationChange) -> Response:
    """Change the fields that are given."""
    with scope.writing() as transaction:
        application = applications.get(transaction.session, scope.organization_id, application_id)
        applications.change(transaction, application, _columns(body.given()))
        return answer(application_document(application))


@router.post("/{application_id}/secret/reset", status_code=201)
@in_turn
def reset_secret(
    scope: ApplicationsWriter, application_id: RowId, overlap_seconds: OverlapSeconds = 0
) -> Response:
    """Make a new secret. The old one ends with the gateways' next poll, or after the overlap.

    `overlapSeconds` is an extension of ours.
    """
    form = scope.services.settings.secret_form
    with scope.writing() as transaction:
        application = applications.get(transaction.session, scope.organization_id, application_id)
        if overlap_seconds:
            overlap = timedelta(seconds=overlap_seconds)
            made = client_secrets.rotate(transaction, application, form, overlap)
        else:
            made = client_secrets.reset(transaction, application, form)
        document = {"clientId": application.client_id, "clientSecret": made.secret}
        return answer(document, HTTPStatus.CREATED)


@router.delete("/{application_id}", status_code=204)
@in_turn
def delete(scope: ApplicationsWriter, application_id: RowId) -> None:
    """Delete an application with all of its contracts."""
    with scope.writing() as transaction:
        application = applications.get(transaction.session, scope.organization_id, application_id)
        applications.delete(transaction, application)
