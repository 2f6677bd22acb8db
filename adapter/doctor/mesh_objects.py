"""Which objects to change, where a mesh writes Envoy's configuration from objects of its own."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

from adapter.doctor.model import Envoy

Mesh: TypeAlias = Literal["Istio", "Envoy Gateway"]

_ISTIO_NODE: Final = re.compile("(sidecar|router|waypoint)~")
_ISTIO_CLUSTER: Final = "outbound|"
_GATEWAY_ROUTE: Final = re.compile("(http|grpc)route/")
_GATEWAY_FILTER: Final = "envoy.filters.http.ext_authz/"

OBJECTS: Final[Mapping[Mesh, Mapping[str, str]]] = {
    "Istio": {
        "Whether requests are checked": "AuthorizationPolicy with action CUSTOM",
        "Routes": "VirtualService or HTTPRoute; EnvoyFilter (HTTP_ROUTE, VIRTUAL_HOST)",
        "Which API a request belongs to": "EnvoyFilter (HTTP_ROUTE, VIRTUAL_HOST), VirtualService "
        "(http[].match), or requests.bindings of the adapter",
        "When the adapter does not answer": "meshConfig.extensionProviders (timeout, failOpen, "
        "statusOnError); retries: EnvoyFilter (HTTP_FILTER)",
        "What Envoy sends, and what it takes": "EnvoyFilter (HTTP_FILTER of ext_authz)",
        "The client's address": "EnvoyFilter (HTTP_FILTER, INSERT_BEFORE); trusted proxies: "
        "meshConfig.defaultConfig.gatewayTopology.numTrustedProxies",
        "Request headers": "EnvoyFilter (HTTP_FILTER, INSERT_BEFORE)",
        "Paths and hosts": "EnvoyFilter (NETWORK_FILTER of the HTTP connection manager), or "
        "meshConfig.pathNormalization",
        "The adapters' clusters": "DestinationRule of the adapter's host; the port's name in its "
        "Service",
        "The adapters' health": "EnvoyFilter (CLUSTER); outlierDetection: DestinationRule",
        "TLS to the adapters": "DestinationRule (trafficPolicy.tls)",
        "Access logs": "Telemetry with a selector, or EnvoyFilter (NETWORK_FILTER, access_log)",
        "Command operators": "EnvoyFilter",
        "Istio": "AuthorizationPolicy with action CUSTOM; meshConfig.extensionProviders",
        "Envoy itself": "the ProxyConfig, or the log of istiod",
    },
    "Envoy Gateway": {
        "Whether requests are checked": "SecurityPolicy of the Gateway (extAuth)",
        "Routes": "SecurityPolicy of the route; mergeType: StrategicMerge keeps the Gateway's "
        "Check",
        "Which API a request belongs to": "SecurityPolicy (extAuth.contextExtensions), HTTPRoute "
        "(matches, hostnames), or requests.bindings of the adapter",
        "When the adapter does not answer": "SecurityPolicy (extAuth: timeout, failOpen, "
        "statusOnError, grpc.backendSettings.retry)",
        "What Envoy sends, and what it takes": "EnvoyPatchPolicy (Listener); headersToExtAuth and "
        "bodyToExtAuth: SecurityPolicy",
        "The client's address": "ClientTrafficPolicy (clientIPDetection), with "
        "requests.forwarded_for_position of the adapter",
        "Request headers": "ClientTrafficPolicy (headers)",
        "Paths and hosts": "ClientTrafficPolicy (path, headers.host)",
        "The adapters' clusters": "backendSettings in the SecurityPolicy (extAuth.grpc) and in the "
        "EnvoyProxy (ALS sink)",
        "The adapters' health": "backendSettings.healthCheck in SecurityPolicy and EnvoyProxy; "
        "no_traffic_interval and update_merge_window: EnvoyPatchPolicy (Cluster)",
        "TLS to the adapters": "Backend (tls)",
        "Access logs": "EnvoyProxy (telemetry.accessLog); the token: EnvoyPatchPolicy (Listener)",
        "Command operators": "EnvoyPatchPolicy, or the format in the EnvoyProxy",
        "Istio": "SecurityPolicy",
        "Envoy itself": "EnvoyProxy",
    },
}
"""The objects for each group of checks."""


def mesh_of(envoy: Envoy) -> Mesh | None:
    """The mesh that wrote the configuration; None if somebody wrote it directly."""
    if _ISTIO_NODE.match(envoy.node_id):
        return "Istio"
    if any(name.startswith(_ISTIO_CLUSTER) for name in envoy.clusters):
        return "Istio"
    return "Envoy Gateway" if any(_names_of_envoy_gateway(envoy)) else None


def _names_of_envoy_gateway(envoy: Envoy) -> Iterator[bool]:
    for chain in envoy.chains:
        yield any(f.name.startswith(_GATEWAY_FILTER) for f in chain.filters)
        yield any(_GATEWAY_ROUTE.match(route.name) is not None for _, route in chain.routes)
