"""API instances, under the assets that they are instances of."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field, with_config
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload
from typing_extensions import TypedDict

from control_plane.errors import Invalid
from control_plane.management import apis
from control_plane.management.texts import address, one_line
from control_plane.protocol.bodies import (
    ANSWERED,
    Body,
    Filter,
    JsonObject,
    Name,
    Prose,
    RowId,
)
from control_plane.protocol.documents import api_document, asset_document
from control_plane.protocol.paging import InPage, Page
from control_plane.protocol.revision import name_revision
from control_plane.protocol.scope import ApisReader, ApisWriter
from control_plane.protocol.secrecy import api_for_caller, asset_for_caller
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.json_values import require_json
from control_plane.store.tables import ApiInstance, Asset

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}/apis"
)

Technology = Literal["mule3", "mule4", "flexGateway", "serviceMesh"]
Label = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(one_line)]
Address = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(address)]
Tags = Annotated[list[Name], Field(max_length=100)]


class Spec(Body):
    """The asset that an API instance is an instance of."""

    group_id: Name
    asset_id: Name
    version: Name


@with_config(extra="allow", strict=True)
class EndpointAddresses(TypedDict, total=False):
    """The addresses of an endpoint. Its other members are kept as they are."""

    uri: Address | None
    proxyUri: Address | None


Endpoint = Annotated[EndpointAddresses, AfterValidator(require_json)]


_UNUSED = frozenset({"approvalMethod", "deployment", "endpointUri", "routing", "upstreams"})
"""Fields of the vendor's clients that have no effect here."""


class NewApi(Body):
    """An API instance to create (official schema: api-oas.json, without promotion)."""

    ignored = _UNUSED

    spec: Spec | None = None
    promote: JsonObject | None = None
    instance_label: Label | None = None
    endpoint: Endpoint | None = None
    technology: Technology = "flexGateway"
    provider_id: Label | None = None
    description: Prose | None = None
    tags: Tags = Field(default_factory=list)


class ApiChange(Body):
    """What may change about an API instance."""

    ignored = (
        _UNUSED
        | ANSWERED
        | {
            *("assetId", "autodiscoveryInstanceName", "groupId", "lastActiveDate", "order"),
            *("pinned", "productVersion", "technology"),
        }
    )

    instance_label: Label | None = None
    endpoint: Endpoint | None = None
    description: Prose | None = None
    tags: Tags = Field(default_factory=list)
    deprecated: bool = False
    provider_id: Label | None = None
    asset_version: Name = ""


@router.get("")
def search(
    response: Response,
    scope: ApisReader,
    page: InPage,
    *,
    group_id: Annotated[Filter, Query(alias="groupId")] = None,
    asset_id: Annotated[Filter, Query(alias="assetId")] = None,
    asset_version: Annotated[Filter, Query(alias="assetVersion")] = None,
    instance_label: Annotated[Filter, Query(alias="instanceLabel")] = None,
) -> dict[str, Any]:
    """Assets with their API instances; `offset` and `limit` count assets, as documented."""
    matching = apis.matching(
        scope.environment_id,
        text=page.query,
        group_id=group_id,
        asset_id=asset_id,
        asset_version=asset_version,
        instance_label=instance_label,
    )
    with scope.reading() as session:
        name_revision(response, session)
        found = _search(session, page, matching)
    return found | {"assets": [asset_for_caller(scope, asset) for asset in found["assets"]]}


def _search(session: Session, page: Page, matching: Select[int]) -> dict[str, Any]:
    api_ids = set(session.scalars(matching))
    of_matching = select(ApiInstance.asset_row_id).where(ApiInstance.id.in_(matching))
    assets = select(Asset).where(Asset.id.in_(of_matching)).options(selectinload(Asset.apis))
    sortable = {"name": Asset.asset_id, "id": Asset.id, "createdDate": Asset.created_at}
    total, rows = page.rows(session, assets, sortable)
    contracts = apis.active_contracts(session)
    return {
        "total": total,
        "assets": [
            asset_document(asset, [api for api in asset.apis if api.id in api_ids], contracts)
            for asset in rows
        ],
    }


@router.post("", status_code=201)
@in_turn
def create(scope: ApisWriter, body: NewApi) -> Response:
    """Create an API instance, and its asset if it is the first of it."""
    if body.spec is None:
        raise Invalid("spec: required; creating an API by promotion is not supported")
    columns = {"asset_version": body.spec.version, **body.model_dump(exclude={"spec", "promote"})}
    asset = apis.AssetName(body.spec.group_id, body.spec.asset_id)
    with scope.writing() as transaction:
        api = apis.create(transaction, scope.environment_id, asset, columns)
        return answer(api_document(api), HTTPStatus.CREATED)


@router.get("/{api_id}")
def get(scope: ApisReader, api_id: RowId) -> dict[str, Any]:
    """One API instance."""
    with scope.reading() as session:
        return api_for_caller(scope, api_document(scope.api(session, api_id)))


@router.patch("/{api_id}")
@in_turn
def change(scope: ApisWriter, api_id: RowId, body: ApiChange) -> Response:
    """Change the fields that are given."""
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        return answer(api_document(apis.change(transaction, api, body.given())))


@router.delete("/{api_id}", status_code=204)
@in_turn
def delete(scope: ApisWriter, api_id: RowId) -> None:
    """Delete an API instance with its policies, tiers and contracts."""
    with scope.writing() as transaction:
        apis.delete(transaction, scope.api(transaction.session, api_id))
