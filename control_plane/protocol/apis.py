"""API instances, under the assets that they are instances of."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, selectinload

from control_plane.errors import BadRequest, Conflict
from control_plane.protocol.scope import (
    Body,
    EnvironmentAdmin,
    EnvironmentReader,
    EnvironmentScope,
    Filter,
    InPage,
    Name,
    Page,
    Prose,
    RowId,
    audit,
    containing,
)
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.json_values import JsonObject
from control_plane.store.tables import ApiInstance, Asset, Contract

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}/apis"
)

Technology = Literal["mule3", "mule4", "flexGateway", "serviceMesh"]
Label = Annotated[str, Field(min_length=1, max_length=255)]
Tags = Annotated[list[Name], Field(max_length=100)]

# Official parameters that would have to narrow the list: to ignore them would answer wrongly.
_UNSUPPORTED = {
    "filters",
    "family",
    "productVersion",
    "autodiscoveryInstanceName",
    "autodiscoveryApiName",
}


class Spec(Body):
    """The asset that an API instance is an instance of."""

    group_id: Name
    asset_id: Name
    version: Name


class NewApi(Body):
    """An API instance to create (official schema: api-oas.json, without promotion)."""

    spec: Spec | None = None
    promote: JsonObject | None = None
    instance_label: Label | None = None
    endpoint: JsonObject | None = None
    technology: Technology = "flexGateway"
    provider_id: Label | None = None
    description: Prose | None = None
    tags: Tags = Field(default_factory=list)


class ApiChange(Body):
    """What may change about an API instance."""

    instance_label: Label | None = None
    endpoint: JsonObject | None = None
    description: Prose | None = None
    tags: Tags = Field(default_factory=list)
    deprecated: bool = False
    provider_id: Label | None = None
    asset_version: Name = ""


@router.get("")
def search(
    request: Request,
    scope: EnvironmentReader,
    page: InPage,
    *,
    group_id: Annotated[Filter, Query(alias="groupId")] = None,
    asset_id: Annotated[Filter, Query(alias="assetId")] = None,
    asset_version: Annotated[Filter, Query(alias="assetVersion")] = None,
    instance_label: Annotated[Filter, Query(alias="instanceLabel")] = None,
) -> dict[str, Any]:
    """Assets with their API instances; `offset` and `limit` count assets, as documented."""
    if unsupported := _UNSUPPORTED & request.query_params.keys():
        raise BadRequest(f"{', '.join(sorted(unsupported))}: this platform can't filter by that")
    matching = select(ApiInstance.id).where(ApiInstance.environment_id == scope.environment_id)
    matching = matching.join(Asset, ApiInstance.asset_row_id == Asset.id)
    for column, wanted in (
        (Asset.group_id, group_id),
        (Asset.asset_id, asset_id),
        (ApiInstance.asset_version, asset_version),
        (ApiInstance.instance_label, instance_label),
    ):
        if wanted is not None:
            matching = matching.where(column == wanted)
    if page.query:
        matching = matching.where(_mentions(page.query))
    with scope.services.database.read() as session:
        return _search(session, page, matching)


def _mentions(text: str) -> Any:
    return or_(
        containing(Asset.asset_id, text),
        containing(ApiInstance.instance_label, text),
        containing(ApiInstance.description, text),
    )


def _search(session: Session, page: Page, matching: Select[int]) -> dict[str, Any]:
    api_ids = set(session.scalars(matching))
    of_matching = select(ApiInstance.asset_row_id).where(ApiInstance.id.in_(matching))
    assets = select(Asset).where(Asset.id.in_(of_matching)).options(selectinload(Asset.apis))
    total, rows = page.rows(
        session,
        assets,
        {
            "name": Asset.asset_id,
            "id": Asset.id,
            "createdDate": Asset.created_at,
        },
    )
    contracts = _active_contracts(session)
    return {
        "total": total,
        "assets": [
            _asset_document(asset, [api for api in asset.apis if api.id in api_ids], contracts)
            for asset in rows
        ],
    }


def _active_contracts(session: Session) -> dict[int, int]:
    """How many approved contracts each API instance has."""
    query = (
        select(Contract.api_id, func.count())
        .where(Contract.status == "APPROVED")
        .group_by(Contract.api_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _asset_document(
    asset: Asset, apis: list[ApiInstance], contracts: dict[int, int]
) -> dict[str, Any]:
    organization_id = apis[0].organization_id
    return {
        "audit": audit(asset.created_at),
        "masterOrganizationId": organization_id,
        "organizationId": organization_id,
        "id": asset.id,
        "name": asset.asset_id,
        "exchangeAssetName": asset.asset_id,
        "groupId": asset.group_id,
        "assetId": asset.asset_id,
        "apis": [
            {**api_document(api), "activeContractsCount": contracts.get(api.id, 0)} for api in apis
        ],
        "totalApis": len(apis),
    }


def api_document(api: ApiInstance) -> dict[str, Any]:
    """An API instance as official answers show it; `id` and `apiId` are the same."""
    endpoint = api.endpoint if isinstance(api.endpoint, dict) else {}
    return {
        "audit": audit(api.created_at, api.updated_at),
        "masterOrganizationId": api.organization_id,
        "organizationId": api.organization_id,
        "environmentId": api.environment_id,
        "id": api.id,
        "apiId": api.id,
        "groupId": api.asset.group_id,
        "assetId": api.asset.asset_id,
        "assetVersion": api.asset_version,
        "productVersion": f"v{api.asset_version.partition('.')[0]}",
        "instanceLabel": api.instance_label,
        "autodiscoveryInstanceName": f"v{api.asset_version.partition('.')[0]}:{api.id}",
        "description": api.description,
        "tags": api.tags,
        "order": 1,
        "pinned": False,
        "deprecated": api.deprecated,
        "technology": api.technology,
        "providerId": api.provider_id,
        "endpointUri": endpoint.get("uri"),
        "endpoint": api.endpoint,
        "lastActiveDate": None,
    }


@router.post("", status_code=201)
@in_turn
def create(scope: EnvironmentAdmin, body: NewApi) -> Response:
    """Create an API instance, and its asset if it is the first of it."""
    if body.spec is None:
        raise BadRequest("spec: required; creating an API by promotion is not supported")
    now = scope.now()
    with scope.services.database.write() as session:
        _require_free_label(session, scope, body.instance_label)
        api = ApiInstance(
            organization_id=scope.organization_id,
            environment_id=scope.environment_id,
            asset=_asset(session, scope, body.spec),
            asset_version=body.spec.version,
            created_at=now,
            policies_changed_at=now,
            **body.model_dump(exclude={"spec", "promote"}),
        )
        session.add(api)
        session.flush()
        return answer(api_document(api), HTTPStatus.CREATED)


def _asset(session: Session, scope: EnvironmentScope, spec: Spec) -> Asset:
    query = select(Asset).where(
        Asset.environment_id == scope.environment_id,
        Asset.group_id == spec.group_id,
        Asset.asset_id == spec.asset_id,
    )
    found = session.scalars(query).one_or_none()
    return found or Asset(
        environment_id=scope.environment_id,
        group_id=spec.group_id,
        asset_id=spec.asset_id,
        created_at=scope.now(),
    )


def _require_free_label(
    session: Session, scope: EnvironmentScope, label: str | None, api_id: int = 0
) -> None:
    query = select(ApiInstance.id).where(
        ApiInstance.environment_id == scope.environment_id,
        ApiInstance.instance_label == label,
        ApiInstance.id != api_id,
    )
    if label is not None and session.scalars(query).first() is not None:
        raise Conflict(f"instanceLabel: {label!r} names another API instance; choose a new label")


@router.get("/{api_id}")
def get(scope: EnvironmentReader, api_id: RowId) -> dict[str, Any]:
    """One API instance."""
    with scope.services.database.read() as session:
        return api_document(scope.api(session, api_id))


@router.patch("/{api_id}")
@in_turn
def change(scope: EnvironmentAdmin, api_id: RowId, body: ApiChange) -> Response:
    """Change the fields that are given."""
    given = body.given()
    with scope.services.database.write() as session:
        api = scope.api(session, api_id)
        _require_free_label(session, scope, given.get("instance_label"), api_id)
        for name, value in given.items():
            setattr(api, name, value)
        api.updated_at = scope.now()
        return answer(api_document(api))


@router.delete("/{api_id}", status_code=204)
@in_turn
def delete(scope: EnvironmentAdmin, api_id: RowId) -> None:
    """Delete an API instance with its policies, tiers and contracts."""
    with scope.services.database.write() as session:
        api = scope.api(session, api_id)
        session.delete(api)
        session.flush()
        if (
            session.scalars(select(ApiInstance).where(ApiInstance.asset == api.asset)).first()
            is None
        ):
            session.delete(api.asset)
