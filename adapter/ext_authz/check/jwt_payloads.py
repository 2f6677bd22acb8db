# mypyc: compiled
"""Payloads of tokens that Envoy's `jwt_authn` filter verified, from a Check's `metadata_context`.

Envoy sends them if the ext_authz filter's `metadata_context_namespaces` names the filter. Only
Envoy's own filters can write this metadata.
"""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct, Value

from adapter.messages.check_pb2 import Metadata

NAMESPACE: Final = "envoy.filters.http.jwt_authn"


def jwt_payloads(octets: bytes) -> Mapping[str, Any]:
    """Everything in the filter's namespace. It is empty if the bytes do not parse."""
    try:
        namespaces = Metadata.FromString(octets).filter_metadata
    except DecodeError:
        return {}
    return _members(namespaces[NAMESPACE]) if NAMESPACE in namespaces else {}


def _members(struct: Struct) -> dict[str, Any]:
    return {name: _json(value) for name, value in struct.fields.items()}


def _json(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _members(value.struct_value)
    if kind == "list_value":
        return [_json(item) for item in value.list_value.values]
    return None if kind is None or kind == "null_value" else getattr(value, kind)
