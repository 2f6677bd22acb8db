"""The building blocks of a bootstrap configuration."""

from typing import Any, Final, TypeAlias

Tree: TypeAlias = dict[str, Any]
"""A part of the bootstrap."""

TYPES: Final = "type.googleapis.com/envoy.extensions."


def typed(type_name: str, config: Tree) -> Tree:
    """An extension's configuration, with the name of its type."""
    return {"@type": TYPES + type_name, **config}


def seconds(value: float) -> str:
    """A duration in Envoy's form."""
    return f"{value:g}s"
