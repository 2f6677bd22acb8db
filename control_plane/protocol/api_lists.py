"""Lists of API instances: under their assets, as documented, and one by one, as tools read them."""

from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Query
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from control_plane.errors import Invalid
from control_plane.management import apis
from control_plane.management.api_search import ApiFilter, matching
from control_plane.protocol.api_documents import asset_document, instance_document
from control_plane.protocol.bodies import Filter
from control_plane.protocol.described import list_of, one_of, takes
from control_plane.protocol.paging import InLongPage, Page
from control_plane.store.tables import ApiInstance, Asset

_FILTERS: Final = ("active", "pinned")
SORTED_BY: Final = ("name", "id", "createdDate", "updatedDate")
_changed_at: Final = func.coalesce(ApiInstance.updated_at, ApiInstance.created_at)


@takes(filters=list_of(one_of(*_FILTERS)))
def _filter(
    page: InLongPage,
    *,
    group_id: Annotated[Filter, Query(alias="groupId")] = None,
    asset_id: Annotated[Filter, Query(alias="assetId")] = None,
    asset_version: Annotated[Filter, Query(alias="assetVersion")] = None,
    instance_label: Annotated[Filter, Query(alias="instanceLabel")] = None,
    product_version: Annotated[Filter, Query(alias="productVersion")] = None,
    instance_name: Annotated[Filter, Query(alias="autodiscoveryInstanceName")] = None,
    api_name: Annotated[str | None, Query(alias="autodiscoveryApiName", max_length=600)] = None,
    family: Literal["api", "agentic", "llm"] = "api",
    filters: Filter = None,
) -> ApiFilter:
    asked = _named(filters)
    return ApiFilter(
        text=page.query,
        group_id=group_id,
        asset_id=asset_id,
        asset_version=asset_version,
        instance_label=instance_label,
        product_version=product_version,
        autodiscovery_instance_name=instance_name,
        autodiscovery_api_name=api_name,
        # No API instance can be pinned, and all are of the family of plain APIs.
        finds_nothing="pinned" in asked or family != "api",
        active="active" in asked,
    )


def _named(filters: str | None) -> set[str]:
    """The names in a list with commas; raise Invalid for one that does not exist."""
    asked = {name.strip() for name in (filters or "").split(",")} - {""}
    if unknown := sorted(asked - {*_FILTERS}):
        known = " and ".join(_FILTERS)
        raise Invalid(f"filters: unknown filter {unknown[0][:64]!r}; known are {known}")
    return asked


InFilter = Annotated[ApiFilter, Depends(_filter)]


def by_asset(
    session: Session, environment_id: str, page: Page, wanted: ApiFilter
) -> dict[str, Any]:
    """Assets with those of their API instances that match. The page counts assets."""
    ids = matching(environment_id, wanted)
    assets = _assets(ids)
    total, rows = page.rows(session, assets, _sortable_assets(ids))
    api_ids = set(session.scalars(ids))
    contracts = apis.active_contracts(session)
    return {
        "total": total,
        "assets": [
            asset_document(asset, [api for api in asset.apis if api.id in api_ids], contracts)
            for asset in rows
        ],
    }


def _assets(api_ids: Select[int]) -> Select[Asset]:
    of_matching = select(ApiInstance.asset_row_id).where(ApiInstance.id.in_(api_ids))
    with_apis = selectinload(Asset.apis).selectinload(ApiInstance.upstreams)
    return select(Asset).where(Asset.id.in_(of_matching)).options(with_apis)


def _sortable_assets(api_ids: Select[int]) -> dict[str, Any]:
    """What assets can be sorted by. An asset changes with its API instances that are shown."""
    changed_at = select(func.max(_changed_at)).where(
        ApiInstance.asset_row_id == Asset.id, ApiInstance.id.in_(api_ids)
    )
    return {
        "name": Asset.asset_id,
        "id": Asset.id,
        "createdDate": Asset.created_at,
        "updatedDate": changed_at.correlate(Asset).scalar_subquery(),
    }


def one_by_one(
    session: Session, environment_id: str, page: Page, wanted: ApiFilter
) -> dict[str, Any]:
    """The API instances that match. The page counts them."""
    found = select(ApiInstance).join(ApiInstance.asset)
    found = found.where(ApiInstance.id.in_(matching(environment_id, wanted)))
    sortable: dict[str, Any] = {
        "name": Asset.asset_id,
        "id": ApiInstance.id,
        "createdDate": ApiInstance.created_at,
        "updatedDate": _changed_at,
    }
    total, rows = page.rows(session, found.options(selectinload(ApiInstance.upstreams)), sortable)
    contracts = apis.active_contracts(session, [api.id for api in rows])
    return {"total": total, "instances": [instance_document(api, contracts) for api in rows]}
