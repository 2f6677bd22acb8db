"""Tags of an API instance, one at a time, and the names that gateways know it by."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator

from control_plane.errors import Invalid, NotFound
from control_plane.management import apis
from control_plane.management.api_search import api_name, instance_name
from control_plane.management.texts import one_line
from control_plane.protocol.api_bodies import MAX_TAGS
from control_plane.protocol.api_documents import api_document
from control_plane.protocol.bodies import RowId
from control_plane.protocol.described import answers
from control_plane.protocol.scope import ApisReader, ApisWriter
from control_plane.protocol.shapes import apis as shapes
from control_plane.protocol.writing import answer, in_turn

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}"
    "/apis/{api_id}"
)

Tag = Annotated[str, Path(min_length=1, max_length=256), AfterValidator(one_line)]
GatewayVersion = Annotated[
    str, Query(alias="gatewayVersion", pattern=r"^\d+(\.\d+){0,2}([-+].*)?$", max_length=64)
]


@router.put("/tags/{tag}", status_code=201)
@answers(shapes.ApiInstance)
@in_turn
def add(scope: ApisWriter, api_id: RowId, tag: Tag) -> Response:
    """Add a tag, unless the API instance has it."""
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        if len(api.tags) >= MAX_TAGS and tag not in api.tags:
            raise Invalid(f"API instance {api_id} has {MAX_TAGS} tags already")
        if tag not in api.tags:
            apis.change(transaction, api, {"tags": [*api.tags, tag]})
        return answer(api_document(api), HTTPStatus.CREATED)


@router.delete("/tags/{tag}", status_code=204)
@in_turn
def remove(scope: ApisWriter, api_id: RowId, tag: Tag) -> None:
    """Remove a tag."""
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        if tag not in api.tags:
            raise NotFound(f"tag {tag!r} not found")
        apis.change(transaction, api, {"tags": [each for each in api.tags if each != tag]})


@router.get("/autodiscoveryProperties")
@answers(shapes.AutodiscoveryProperties)
def autodiscovery(
    scope: ApisReader,
    api_id: RowId,
    gateway_version: GatewayVersion,  # noqa: ARG001 - checked only; the answer suits all versions
) -> dict[str, str | int]:
    """What a gateway names to find the API instance: its id, or for Mule 3 two names."""
    with scope.reading() as session:
        api = scope.api(session, api_id)
        return {
            "apiId": api.id,
            "apiName": api_name(api.asset),
            "apiVersion": instance_name(api),
        }
