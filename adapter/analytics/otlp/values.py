"""Values in OpenTelemetry's messages, and what a request says about who sends it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

Value: TypeAlias = str | int | Sequence[str]


class Sender:
    """Who sends: the process as a resource, and the part of it as a scope."""

    def __init__(self, scope: str, version: str, resource: Mapping[str, str]) -> None:
        self.scope = InstrumentationScope(name=scope, version=version)
        self.resource = Resource(attributes=pairs(resource.items()))


def pairs(attributes: Iterable[tuple[str, Value]]) -> list[KeyValue]:
    """Attributes as messages."""
    return [KeyValue(key=name, value=any_value(value)) for name, value in attributes]


def any_value(value: Value) -> AnyValue:
    """A value as a message."""
    if isinstance(value, str):
        return AnyValue(string_value=text(value))
    if isinstance(value, int):
        return AnyValue(int_value=value)
    return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))


def text(value: str) -> str:
    """The text without halves of surrogate pairs, which JSON can name and protobuf refuses."""
    return value if value.isascii() else value.encode(errors="replace").decode()
