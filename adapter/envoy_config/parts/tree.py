"""The building blocks of an Envoy configuration."""

from typing import Any, Final, TypeAlias

Tree: TypeAlias = dict[str, Any]
"""A part of the configuration."""

TYPES: Final = "type.googleapis.com/envoy.extensions."


def typed(type_name: str, config: Tree) -> Tree:
    """An extension's configuration, with the name of its type."""
    return {"@type": TYPES + type_name, **config}


def http_filter(name: str, type_name: str, config: Tree) -> Tree:
    """One HTTP filter."""
    typed_config = typed(f"filters.http.{type_name}", config)
    return {"name": f"envoy.filters.http.{name}", "typed_config": typed_config}


def seconds(value: float) -> str:
    """A duration in Envoy's form."""
    return f"{value:g}s"


def token_metadata(token: str | None) -> Tree:
    """The part of a `grpc_service` that sends the shared secret; empty without one."""
    if token is None:
        return {}
    # Envoy reads %NAME% as a command, and crashes at the first request if it cannot.
    value = token.replace("%", "%%")
    return {"initial_metadata": [{"key": "x-adapter-token", "value": value}]}
