"""The parts of an Envoy that all control planes have."""

from typing import Any

TYPES = "type.googleapis.com/envoy.extensions."
MANAGER = "envoy.filters.network.http_connection_manager"
ROUTER = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": f"{TYPES}filters.http.router.v3.Router"},
}
ON_LOOPBACK = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}


def typed(name: str, type_name: str, **config: Any) -> dict[str, Any]:
    """A filter or another extension."""
    return {"name": name, "typed_config": {"@type": TYPES + type_name, **config}}


def manager(**options: Any) -> dict[str, Any]:
    """An HTTP connection manager."""
    type_name = "filters.network.http_connection_manager.v3.HttpConnectionManager"
    return typed(MANAGER, type_name, stat_prefix="mesh", **options)


def cluster(name: str, *addresses: str, **options: Any) -> dict[str, Any]:
    """A cluster with these endpoints, each `HOST:PORT`."""
    endpoints = []
    for address in addresses:
        host, _, port = address.rpartition(":")
        socket = {"address": host, "port_value": int(port)}
        endpoints.append({"endpoint": {"address": {"socket_address": socket}}})
    return {
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        **options,
    }


def http2() -> dict[str, Any]:
    """The option by which a cluster speaks HTTP/2."""
    name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    options: dict[str, Any] = {"@type": f"type.googleapis.com/{name}"}
    options["explicit_http_config"] = {"http2_protocol_options": {}}
    return {"typed_extension_protocol_options": {name: options}}


def bootstrap(listeners: list[Any], clusters: list[Any]) -> dict[str, Any]:
    """The whole configuration."""
    resources = {"listeners": listeners, "clusters": clusters}
    return {"admin": {"address": ON_LOOPBACK}, "static_resources": resources}


def merged(base: Any, change: Any) -> Any:
    """As protobuf merges messages: fields one by one, lists behind each other."""
    if isinstance(base, dict) and isinstance(change, dict):
        return base | {k: merged(base[k], v) if k in base else v for k, v in change.items()}
    if isinstance(base, list) and isinstance(change, list):
        return [*base, *change]
    return change
