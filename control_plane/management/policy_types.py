"""The types of policies that are known, and the schema of each configuration."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from control_plane.management.policy_checks.checks import type_of
from control_plane.management.policy_checks.schema_check import policy_schemas

Schema: TypeAlias = Mapping[str, Any]

POLICY_VERSION: Final = "1.0.0"
"""Of new policies' assets. Gateways of ours have one version of each type."""


@cache
def schema_of(asset_id: str) -> Schema | None:
    """The schema of a policy's configuration; None if its type is not known."""
    found = policy_schemas().get(type_of(asset_id))
    return None if found is None else expanded(found)


def expanded(schema: Schema) -> Schema:
    """The schema with the definitions in place of the references to them."""
    return _expanded(schema, schema.get("$defs", {}))


def _expanded(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].rpartition("/")[2]], **schema}
    found = {name: value for name, value in schema.items() if name not in ("$ref", "$defs")}
    if "items" in found:
        found["items"] = _expanded(found["items"], definitions)
    if "properties" in found:
        found["properties"] = {
            name: _expanded(inner, definitions) for name, inner in found["properties"].items()
        }
    return found
