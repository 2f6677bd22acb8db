"""Client applications. Their secret is in the answer that makes it, and in no other."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BeforeValidator, Field

from control_plane.errors import Conflict
from control_plane.management import applications, client_secrets
from control_plane.protocol.bodies import ANSWERED, UUID_PATTERN, Body, Name, Prose, RowId, Uri
from control_plane.protocol.described import answers, one_of, refuses, takes
from control_plane.protocol.documents import application_document
from control_plane.protocol.paging import InPage
from control_plane.protocol.scope import ApplicationsReader, ApplicationsWriter, OrganizationScope
from control_plane.protocol.shapes import contracts as shapes
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import ClientApplication

_PATH: Final = "organizations/{organization_id}/applications"

exchange_v1 = APIRouter(prefix=f"/exchange/api/v1/{_PATH}")
"""The endpoints of Exchange, which has two versions that are the same here."""
exchange_v2 = APIRouter(prefix=f"/exchange/api/v2/{_PATH}")
repository = APIRouter(prefix=f"/apiplatform/repository/v2/{_PATH}")
"""The endpoints of an older part of the platform, which clients still use."""
imports = APIRouter(prefix=f"/apimanager/api/v1/{_PATH}")

_SORTABLE: Final = {"id": ClientApplication.id, "name": ClientApplication.name}

OverlapSeconds = Annotated[
    int,
    Query(alias="overlapSeconds", ge=0, le=client_secrets.MAX_OVERLAP // timedelta(seconds=1)),
]


def _empty_for_null(value: Any) -> Any:
    return [] if value is None else value


def _null_for_empty(value: Any) -> Any:
    return None if value == "" else value


Url = Annotated[Uri | None, BeforeValidator(_null_for_empty)]
Uris = Annotated[list[Uri], Field(max_length=50), BeforeValidator(_empty_for_null)]
GrantTypes = Annotated[list[Name], Field(max_length=20), BeforeValidator(_empty_for_null)]


class NewApplication(Body):
    """An application to register."""

    name: Name
    description: Prose | None = None
    url: Url = None
    redirect_uri: Uris = Field(default_factory=list)
    grant_types: GrantTypes = Field(default_factory=list)
    api_endpoints: bool | None = None


class ApplicationChange(Body):
    """What may change about an application."""

    ignored = ANSWERED | {"clientId", "clientProvider", "coreServicesId", "owners"}

    name: Name = ""
    description: Prose | None = None
    url: Url = None
    redirect_uri: Uris = Field(default_factory=list)
    grant_types: GrantTypes = Field(default_factory=list)
    api_endpoints: bool | None = None


class PutApplication(ApplicationChange):
    """What a PUT changes, which has to repeat the name."""

    name: Name


class ImportedApplication(Body):
    """A client that an identity provider knows already (official: application-import.json)."""

    client_id: Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[a-zA-Z0-9\-_.~]+$")]
    provider_id: Annotated[str, Field(pattern=UUID_PATTERN)]
    description: Prose | None = None
    url: Uri | None = None


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    if "redirect_uri" in given:
        given["redirect_uris"] = given.pop("redirect_uri")
    return given


@repository.post("", status_code=201)
@exchange_v1.post("", status_code=201)
@exchange_v2.post("", status_code=201)
@answers(shapes.NewApplicationAnswer)
@in_turn
def create(scope: ApplicationsWriter, body: NewApplication) -> Response:
    """Register an application; the answer is the only one with its secret."""
    form = scope.services.settings.secret_form
    with scope.writing() as transaction:
        made = applications.register(transaction, _columns(dict(body)), form)
        document = {**application_document(made.application), "clientSecret": made.secret}
        return answer(document, HTTPStatus.CREATED)


@imports.post("", status_code=201)
@answers(shapes.ImportedApplicationAnswer)
@refuses(Conflict)
@in_turn
def import_(scope: ApplicationsWriter, body: ImportedApplication) -> Response:
    """Add a client of an identity provider, which alone knows its secret."""
    columns = body.model_dump(exclude={"client_id"})
    with scope.writing() as transaction:
        application = applications.import_client(transaction, body.client_id, columns)
        document = {"id": application.id, "message": "Resource created successfully"}
        return answer(document, HTTPStatus.CREATED)


@exchange_v1.get("")
@exchange_v2.get("")
@answers(shapes.Applications)
@takes(sort=one_of(*_SORTABLE))
def all_of_organization(scope: ApplicationsReader, page: InPage) -> dict[str, Any]:
    """The organization's applications."""
    found = applications.of_organization(scope.organization_id)
    matching = page.matching(found, ClientApplication.name)
    with scope.reading() as session:
        total, rows = page.rows(session, matching, _SORTABLE)
        return {"total": total, "applications": [application_document(row) for row in rows]}


@repository.get("")
@answers(shapes.Applications)
@takes(sort=one_of(*_SORTABLE))
def all_for_admins(
    scope: ApplicationsReader,
    page: InPage,
    which: Annotated[Literal["all"], Query(alias="filter")] = "all",  # noqa: ARG001 - all there is
) -> dict[str, Any]:
    """The organization's applications; `filter` can only be `all`."""
    return all_of_organization(scope, page)


@repository.get("/{application_id}")
@exchange_v1.get("/{application_id}")
@exchange_v2.get("/{application_id}")
@answers(shapes.Application)
def get(scope: ApplicationsReader, application_id: RowId) -> dict[str, Any]:
    """One application."""
    with scope.reading() as session:
        application = applications.get(session, scope.organization_id, application_id)
        return application_document(application)


@exchange_v1.patch("/{application_id}")
@exchange_v2.patch("/{application_id}")
@answers(shapes.Application)
@in_turn
def change(scope: ApplicationsWriter, application_id: RowId, body: ApplicationChange) -> Response:
    """Change the fields that are given."""
    return _change(scope, application_id, body)


@repository.put("/{application_id}")
@answers(shapes.Application)
@in_turn
def put(scope: ApplicationsWriter, application_id: RowId, body: PutApplication) -> Response:
    """Change the fields that are given. Clients send the name and what they want to change."""
    return _change(scope, application_id, body)


def _change(scope: OrganizationScope, application_id: int, body: ApplicationChange) -> Response:
    with scope.writing() as transaction:
        application = applications.get(transaction.session, scope.organization_id, application_id)
        applications.change(transaction, application, _columns(body.given()))
        return answer(application_document(application))


@exchange_v1.post("/{application_id}/secret/reset", status_code=201)
@exchange_v2.post("/{application_id}/secret/reset", status_code=201)
@answers(shapes.NewSecret)
@refuses(Conflict)
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


@repository.delete("/{application_id}", status_code=204)
@exchange_v1.delete("/{application_id}", status_code=204)
@exchange_v2.delete("/{application_id}", status_code=204)
@in_turn
def delete(scope: ApplicationsWriter, application_id: RowId) -> None:
    """Delete an application with all of its contracts."""
    with scope.writing() as transaction:
        application = applications.get(transaction.session, scope.organization_id, application_id)
        applications.delete(transaction, application)


router = APIRouter()
for _part in (exchange_v1, exchange_v2, repository, imports):
    router.include_router(_part)
