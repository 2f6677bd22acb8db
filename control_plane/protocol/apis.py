"""API instances, under the assets that they are instances of."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response

from control_plane.errors import Conflict, Invalid
from control_plane.management import apis, routing
from control_plane.management.api_search import product_version
from control_plane.management.transaction import Transaction
from control_plane.protocol.api_bodies import ApiChange, NamedUpstream, NewApi
from control_plane.protocol.api_documents import api_document
from control_plane.protocol.api_lists import SORTED_BY, InFilter, by_asset
from control_plane.protocol.bodies import RowId
from control_plane.protocol.described import answers, one_of, refuses, takes
from control_plane.protocol.paging import InLongPage
from control_plane.protocol.promotion import promoted
from control_plane.protocol.revision import name_revision
from control_plane.protocol.scope import ApisReader, ApisWriter
from control_plane.protocol.secrecy import api_for_caller, asset_for_caller
from control_plane.protocol.shapes import apis as shapes
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import ApiInstance

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}/apis"
)


@router.get("")
@answers(shapes.Assets)
@takes(sort=one_of(*SORTED_BY))
def search(
    response: Response, scope: ApisReader, page: InLongPage, wanted: InFilter
) -> dict[str, Any]:
    """Assets with their API instances; `offset` and `limit` count assets, as documented."""
    with scope.reading() as session:
        name_revision(response, session)
        found = by_asset(session, scope.environment_id, page, wanted)
    return found | {"assets": [asset_for_caller(scope, asset) for asset in found["assets"]]}


@router.post("", status_code=201)
@answers(shapes.ApiInstance)
@refuses(Conflict)
@in_turn
def create(scope: ApisWriter, body: NewApi) -> Response:
    """Create an API instance, and its asset if it is the first of it, or copy one."""
    with scope.writing() as transaction:
        if body.promote is not None:
            api = promoted(transaction, scope, body, body.promote)
        else:
            api = _created(transaction, scope, body)
        _save_upstreams(transaction, api, body.upstreams)
        return answer(api_document(api), HTTPStatus.CREATED)


def _created(transaction: Transaction, scope: ApisWriter, body: NewApi) -> ApiInstance:
    if body.spec is None:
        raise Invalid("spec: is required, unless promote names an API instance to copy")
    version = product_version(body.spec.version)
    if body.product_version not in (None, version):
        raise Invalid(f"productVersion: it follows from spec.version, and is {version} here")
    columns = {"tags": body.tags, "technology": body.technology} | body.columns()
    columns |= {
        "asset_version": body.spec.version,
        "endpoint": apis.merged_endpoint(None, columns.get("endpoint")),
    }
    name = apis.AssetName(body.spec.group_id, body.spec.asset_id)
    return apis.create(transaction, scope.environment_id, name, columns)


def _save_upstreams(transaction: Transaction, api: ApiInstance, given: list[NamedUpstream]) -> None:
    for place, upstream in enumerate(given):
        fields = upstream.model_dump(exclude_unset=True)
        routing.save(transaction, api, fields, f"upstreams.{place}")


@router.get("/{api_id}")
@answers(shapes.ApiInstance)
def get(scope: ApisReader, api_id: RowId) -> dict[str, Any]:
    """One API instance."""
    with scope.reading() as session:
        return api_for_caller(scope, api_document(scope.api(session, api_id)))


@router.put("/{api_id}", status_code=201)
@answers(shapes.ApiInstance)
@refuses(Conflict)
@in_turn
def replace(scope: ApisWriter, api_id: RowId, body: ApiChange) -> Response:
    """The same as PATCH, with the documented status. The official body is any object."""
    return _changed(scope, api_id, body, HTTPStatus.CREATED)


@router.patch("/{api_id}")
@answers(shapes.ApiInstance)
@refuses(Conflict)
@in_turn
def change(scope: ApisWriter, api_id: RowId, body: ApiChange) -> Response:
    """Change the fields that are given. A part of `endpoint` leaves the rest of it as it is."""
    return _changed(scope, api_id, body, HTTPStatus.OK)


def _changed(scope: ApisWriter, api_id: int, body: ApiChange, status: HTTPStatus) -> Response:
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        body.require_same(api_document(api))
        columns = body.columns()
        if "endpoint" in columns:
            columns["endpoint"] = apis.merged_endpoint(api.endpoint, columns["endpoint"])
        _save_upstreams(transaction, api, body.upstreams)
        return answer(api_document(apis.change(transaction, api, columns)), status)


@router.delete("/{api_id}", status_code=204)
@in_turn
def delete(scope: ApisWriter, api_id: RowId) -> None:
    """Delete an API instance with its policies, tiers and contracts."""
    with scope.writing() as transaction:
        apis.delete(transaction, scope.api(transaction.session, api_id))
