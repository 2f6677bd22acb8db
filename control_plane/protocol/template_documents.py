"""The types of policies, as the vendor's policy templates and Exchange show them."""

import zlib
from collections.abc import Mapping
from typing import Any, Final

from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.management.policy_types import POLICY_VERSION, schema_of

_NONE: Final[Mapping[str, Any]] = {}


def template_document(asset_id: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A policy template; `configurationSchema` is our own, and says most."""
    return {
        "id": asset_id,
        "name": schema["title"],
        "description": schema["description"],
        "category": None,
        "type": "system",
        "groupId": VENDOR_GROUP_ID,
        "assetId": asset_id,
        "assetVersion": POLICY_VERSION,
        "configuration": settings(schema_of(asset_id) or _NONE),
        "configurationSchema": schema,
    }


def asset_document(asset_id: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same as an asset of Exchange, which has no files here."""
    return {
        "groupId": VENDOR_GROUP_ID,
        "assetId": asset_id,
        "version": POLICY_VERSION,
        "name": schema["title"],
        "description": schema["description"],
        "type": "policy",
        "status": "published",
        "files": [],
    }


def exchange_document(asset_id: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same as the vendor's tools read it from Exchange, where ids are numbers."""
    return {
        "id": zlib.crc32(asset_id.encode()) >> 1,
        "groupId": VENDOR_GROUP_ID,
        "assetId": asset_id,
        "version": POLICY_VERSION,
        "name": schema["title"],
        "description": schema["description"],
        "type": "policy",
        "isOOTB": True,
        "stage": "release",
        "status": "published",
        "orgId": VENDOR_GROUP_ID,
        "applicable": True,
        "configuration": settings(schema_of(asset_id) or _NONE),
        "allVersions": [{"version": POLICY_VERSION}],
    }


def settings(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What can be set, in the vendor's words. A list of objects has the settings of one of them."""
    required = schema.get("required", ())
    return [
        _setting(name, part, optional=name not in required)
        for name, part in schema.get("properties", _NONE).items()
    ]


def _setting(name: str, schema: Mapping[str, Any], *, optional: bool) -> dict[str, Any]:
    inner = schema.get("items", schema)
    found = {
        "propertyName": name,
        "name": schema.get("title", name),
        "description": schema.get("description", ""),
        "type": inner.get("type", "string"),
        "optional": optional,
        "allowMultiple": "items" in schema,
    }
    if "default" in schema:
        found["defaultValue"] = schema["default"]
    if "enum" in inner:
        found["options"] = [{"name": value, "value": value} for value in inner["enum"]]
    if "properties" in inner:
        found["configuration"] = settings(inner)
    return found
