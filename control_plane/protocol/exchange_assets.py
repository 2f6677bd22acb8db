"""The assets of Exchange that exist here: the types of policies.

anypoint-sdk and other tools look here for the policies that can be applied. The list is an array,
as they read it.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import StringConstraints

from control_plane.accounts.roles import Permission
from control_plane.errors import Forbidden, NotFound
from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.management.policy_checks.schema_check import policy_schemas
from control_plane.protocol.bodies import Filter
from control_plane.protocol.described import answers, refuses
from control_plane.protocol.scope import InCaller
from control_plane.protocol.shapes import policies as shapes
from control_plane.protocol.template_documents import asset_document


@refuses(Forbidden)
def _require_reader(caller: InCaller) -> None:
    caller.require_somewhere(Permission.APIS_READ)


router = APIRouter(prefix="/exchange/api/v2/assets", dependencies=[Depends(_require_reader)])

_Ids = Annotated[list[Annotated[str, StringConstraints(max_length=256)]], Query(max_length=100)]


@router.get("")
@answers(list[shapes.ExchangeAsset])
def all_assets(
    search: Filter = None,
    kind: Annotated[Filter, Query(alias="type")] = None,
    organization_id: Annotated[Filter, Query(alias="organizationId")] = None,
    organization_ids: Annotated[_Ids, Query(alias="organizationIds")] = [],  # noqa: B006 - read only
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=0, le=250)] = 100,
) -> list[dict[str, Any]]:
    """Those whose type, names or description contain `search`, all of the vendor's group."""
    groups = {*organization_ids, *([organization_id] if organization_id else [])}
    if groups and VENDOR_GROUP_ID not in groups:
        return []
    assets = (asset_document(name, schema) for name, schema in policy_schemas().items())
    found = [
        each
        for each in assets
        if (kind or each["type"]) == each["type"] and (search or "").lower() in _text(each)
    ]
    return found[offset : offset + limit]


def _text(asset: dict[str, Any]) -> str:
    names = ("type", "assetId", "name", "description")
    return " ".join(asset[name] for name in names).lower()


@router.get("/{group_id}/{asset_id}")
@router.get("/{group_id}/{asset_id}/{asset_version}")
@answers(shapes.ExchangeAsset)
@refuses(NotFound)
def one_asset(group_id: str, asset_id: str) -> dict[str, Any]:
    """One of them. Its versions are all the same here."""
    schema = policy_schemas().get(asset_id)
    if group_id != VENDOR_GROUP_ID or schema is None:
        raise NotFound(f"asset {asset_id[:64]!r} of group {group_id[:64]!r} not found")
    return asset_document(asset_id, schema)
