"""The building blocks of an EnvoyFilter."""

from typing import Final, Literal, TypeAlias

from adapter.envoy_config.parts.tree import Tree, typed

Context: TypeAlias = Literal["GATEWAY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "ANY"]

INBOUND: Final[dict[str, Context]] = {
    "gateway": "GATEWAY",
    "sidecar": "SIDECAR_INBOUND",
    "waypoint": "SIDECAR_INBOUND",
}
"""Where each kind of Envoy has the listeners that clients reach."""
MANAGER: Final = "envoy.filters.network.http_connection_manager"


def filter_of(context: Context, name: str) -> Tree:
    """Matches one HTTP filter of every HTTP connection manager."""
    network_filter = {"name": MANAGER, "subFilter": {"name": name}}
    return {"context": context, "listener": {"filterChain": {"filter": network_filter}}}


def patch(place: str, match: Tree, value: Tree, operation: str = "MERGE") -> Tree:
    """One entry of `configPatches`."""
    change = {"operation": operation, "value": value}
    return {"applyTo": place, "match": match, "patch": change}


def typed_patch(place: str, match: Tree, type_name: str, options: Tree) -> Tree:
    """Merges these options into a filter."""
    return patch(place, match, {"typed_config": typed(type_name, options)})
