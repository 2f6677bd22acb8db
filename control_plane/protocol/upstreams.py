"""Upstreams of an API instance."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from control_plane.errors import Conflict
from control_plane.management import upstreams
from control_plane.protocol.api_bodies import UpstreamFields
from control_plane.protocol.api_documents import upstream_document
from control_plane.protocol.bodies import UUID_PATTERN, RowId
from control_plane.protocol.described import answers, refuses
from control_plane.protocol.revision import name_revision
from control_plane.protocol.scope import ApisReader, ApisWriter
from control_plane.protocol.secrecy import upstream_for_caller
from control_plane.protocol.shapes import apis as shapes
from control_plane.protocol.writing import answer, in_turn

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}"
    "/apis/{api_id}/upstreams"
)

Uid = Annotated[str, Path(pattern=UUID_PATTERN)]


@router.get("")
@answers(shapes.Upstreams)
def all_of_api(response: Response, scope: ApisReader, api_id: RowId) -> dict[str, Any]:
    """The upstreams, the oldest first."""
    with scope.reading() as session:
        name_revision(response, session)
        rows = upstreams.of_api(session, scope.api(session, api_id).id)
        found = [upstream_for_caller(scope, upstream_document(row)) for row in rows]
    return {"total": len(found), "upstreams": found}


@router.post("", status_code=201)
@answers(shapes.Upstream)
@in_turn
def create(scope: ApisWriter, api_id: RowId, body: UpstreamFields) -> Response:
    """Add an upstream."""
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        upstream = upstreams.create(transaction, api, body.given())
        return answer(upstream_document(upstream), HTTPStatus.CREATED)


@router.get("/{upstream_id}")
@answers(shapes.Upstream)
def get(scope: ApisReader, api_id: RowId, upstream_id: Uid) -> dict[str, Any]:
    """One upstream."""
    with scope.reading() as session:
        upstream = upstreams.get(session, scope.api(session, api_id), upstream_id)
        return upstream_for_caller(scope, upstream_document(upstream))


@router.patch("/{upstream_id}")
@answers(shapes.Upstream)
@in_turn
def change(scope: ApisWriter, api_id: RowId, upstream_id: Uid, body: UpstreamFields) -> Response:
    """Change the fields that are given."""
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        upstream = upstreams.get(transaction.session, api, upstream_id)
        return answer(upstream_document(upstreams.change(transaction, upstream, body.given())))


@router.delete("/{upstream_id}", status_code=204)
@refuses(Conflict)
@in_turn
def delete(scope: ApisWriter, api_id: RowId, upstream_id: Uid) -> None:
    """Delete an upstream that no route and no policy names."""
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        upstreams.delete(transaction, api, upstreams.get(transaction.session, api, upstream_id))
