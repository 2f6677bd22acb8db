"""Reads JSON Schemas as forms need them: one kind of field for each."""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from control_plane.management.masked_secrets import without_password
from control_plane.management.policy_types import Schema

Kind: TypeAlias = Literal[
    "text", "number", "tick", "choice", "secret", "expression", "lines", "rows", "group"
]

POINTCUTS: Final[Schema] = {
    "type": "array",
    "title": "Pointcuts",
    "description": "Methods and paths that the policy is for. One match is enough.",
    "maxItems": 100,
    "items": {
        "type": "object",
        "title": "Pointcut",
        "required": ["methodRegex", "uriTemplateRegex"],
        "properties": {
            "methodRegex": {
                "type": "string",
                "title": "Methods",
                "default": ".*",
                "description": "A regular expression (RE2) for the whole method, in capitals, such"
                " as GET|POST. For all methods write .*",
            },
            "uriTemplateRegex": {
                "type": "string",
                "title": "Path",
                "default": "/.*",
                "description": "A regular expression (RE2) for the whole path without the query,"
                " such as /orders/[0-9]+. For all paths below /orders write /orders/.*",
            },
        },
    },
}
"""Of a policy's pointcuts, in the platform's form."""


_KINDS: Final[Mapping[str, Kind]] = {"boolean": "tick", "integer": "number", "object": "group"}
_FORMATS: Final[Mapping[str, Kind]] = {"password": "secret", "expression": "expression"}


def kind_of(schema: Schema) -> Kind:
    """Which kind of field the value has. A list of texts is one field with a line for each."""
    if schema["type"] == "array":
        return "lines" if schema["items"]["type"] == "string" else "rows"
    if "enum" in schema:
        return "choice"
    return _KINDS.get(schema["type"]) or _FORMATS.get(schema.get("format", ""), "text")


def properties_of(schema: Schema) -> Mapping[str, Schema]:
    """The settings of an object; a policy without any has none."""
    found: Mapping[str, Schema] = schema.get("properties", {})
    return found


def shown(schema: Schema, value: Any) -> str:
    """A value as the text of its field; a missing one as its default.

    Credentials in URLs are masked.
    """
    if value is None:
        value = schema.get("default", "")
    kind = kind_of(schema)
    if kind == "tick":
        return "true" if str(value).lower() == "true" else ""
    if kind == "lines" and isinstance(value, list):
        value = "\n".join(map(str, value))
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    return text if kind == "secret" else without_password(text)
