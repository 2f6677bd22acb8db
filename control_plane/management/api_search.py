"""Finding API instances of an environment by what they are and what they are called."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, false, func, or_, select

from control_plane.store.search import contain
from control_plane.store.tables import MAX_ID, ApiInstance, Asset

_INSTANCE_NAME: Final = re.compile(r"v([^:]*):([0-9]{1,19})")
_API_NAME: Final = re.compile(r"groupId:(.*):assetId:(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ApiFilter:
    """Which API instances are wanted; None asks for all."""

    text: str | None = None
    """A part of the asset's name, of the label, or of the description."""
    group_id: str | None = None
    asset_id: str | None = None
    asset_version: str | None = None
    instance_label: str | None = None
    product_version: str | None = None
    autodiscovery_instance_name: str | None = None
    autodiscovery_api_name: str | None = None
    finds_nothing: bool = False
    """Whether something is asked that no API instance is, such as pinned."""
    active: bool = False
    """Whether deprecated ones are left out."""


def matching(environment_id: str, wanted: ApiFilter = ApiFilter()) -> Select[int]:
    """The ids of the environment's API instances that match everything that is wanted."""
    found = select(ApiInstance.id).where(ApiInstance.environment_id == environment_id)
    found = found.join(Asset, ApiInstance.asset_row_id == Asset.id)
    return found.where(*_conditions(wanted))


def _conditions(wanted: ApiFilter) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (Asset.group_id, wanted.group_id),
        (Asset.asset_id, wanted.asset_id),
        (ApiInstance.asset_version, wanted.asset_version),
        (ApiInstance.instance_label, wanted.instance_label),
    ):
        if value is not None:
            yield column == value
    if wanted.text:
        yield contain(
            wanted.text, Asset.asset_id, ApiInstance.instance_label, ApiInstance.description
        )
    if wanted.product_version is not None:
        yield _has_product_version(wanted.product_version)
    if wanted.autodiscovery_instance_name is not None:
        yield from _named_instance(wanted.autodiscovery_instance_name)
    if wanted.autodiscovery_api_name is not None:
        yield from _named_api(wanted.autodiscovery_api_name)
    if wanted.finds_nothing:
        yield false()
    if wanted.active:
        yield ~ApiInstance.deprecated


def product_version(asset_version: str) -> str:
    """The product version of an asset version: `v1` for `1.4.2`."""
    return f"v{asset_version.partition('.')[0]}"


def _has_product_version(name: str) -> ColumnElement[bool]:
    if not name.startswith("v"):
        return false()
    major, version = name[1:], ApiInstance.asset_version
    return or_(version == major, func.substr(version, 1, len(major) + 1) == f"{major}.")


def instance_name(api: ApiInstance) -> str:
    """What gateways may call the API instance: its product version and id, as in `v1:27`."""
    return f"{product_version(api.asset_version)}:{api.id}"


def _named_instance(name: str) -> Iterator[ColumnElement[bool]]:
    found = _INSTANCE_NAME.fullmatch(name)
    if found is None or int(found[2]) > MAX_ID:
        yield false()
    else:
        yield ApiInstance.id == int(found[2])
        yield _has_product_version(f"v{found[1]}")


def api_name(asset: Asset) -> str:
    """What gateways may call the API: `groupId:org.example:assetId:orders`."""
    return f"groupId:{asset.group_id}:assetId:{asset.asset_id}"


def _named_api(name: str) -> Iterator[ColumnElement[bool]]:
    found = _API_NAME.fullmatch(name)
    if found is None:
        yield false()
    else:
        yield Asset.group_id == found[1]
        yield Asset.asset_id == found[2]
