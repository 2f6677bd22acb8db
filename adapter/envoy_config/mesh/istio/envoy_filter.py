"""The EnvoyFilter: what Istio's own APIs cannot say, with all parts in one object per Envoy."""

from collections.abc import Iterator
from typing import Final

from adapter.envoy_config.mesh.config import CHECK_TIMEOUT, HEALTH_INTERVAL, MeshConfig
from adapter.envoy_config.mesh.document import Document
from adapter.envoy_config.mesh.istio import api_patches
from adapter.envoy_config.mesh.istio.patches import (
    INBOUND,
    MANAGER,
    Context,
    filter_of,
    patch,
    typed_patch,
)
from adapter.envoy_config.mesh.istio.selection import filter_selection
from adapter.envoy_config.mesh.kubernetes import kubernetes_object, name_for
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.parts.access_log import access_logger
from adapter.envoy_config.parts.clusters import health_options
from adapter.envoy_config.parts.connection_manager import SAME_READING
from adapter.envoy_config.parts.http_filters import (
    REMOTE_ADDRESS,
    SAFE_CHANGES,
    header_mutation,
    retry_policy,
)
from adapter.envoy_config.parts.tree import Tree

_OUTBOUND: Final[dict[str, Context]] = {
    "gateway": "GATEWAY",
    "sidecar": "SIDECAR_OUTBOUND",
    "waypoint": "ANY",
}
"""Where each kind of Envoy has the cluster of the adapter."""
_PEER_ADDRESS: Final = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
_FLUSH_INTERVAL: Final = "1s"


def envoy_filter(config: MeshConfig, envoy: MeshEnvoy) -> Document:
    """All patches for one gateway, workload or waypoint."""
    patches = [
        _checks(config, envoy),
        _headers(config, envoy),
        _health(config, envoy),
        *_managers(config, envoy),
        *api_patches.named_apis(envoy),
        *api_patches.tcp_ports(config.token, envoy),
    ]
    spec = {**filter_selection(envoy), "configPatches": patches}
    return Document(
        f"The {envoy.kind} {envoy.name}: what Istio's other objects cannot say."
        + (" It contains the token, so keep it private." if config.token else ""),
        kubernetes_object(
            "networking.istio.io/v1alpha3", "EnvoyFilter", name_for(envoy), envoy.namespace, spec
        ),
    )


def _checks(config: MeshConfig, envoy: MeshEnvoy) -> Tree:
    """Completes the ext_authz filter that the AuthorizationPolicy makes."""
    service = api_patches.check_metadata(config.token, "%ROUTE_NAME%")
    options = {
        **SAFE_CHANGES,
        "route_metadata_context_namespaces": ["istio"],
        "grpc_service": {**service, "retry_policy": retry_policy(CHECK_TIMEOUT)},
    }
    return typed_patch(
        "HTTP_FILTER",
        filter_of(INBOUND[envoy.kind], "envoy.filters.http.ext_authz"),
        "filters.http.ext_authz.v3.ExtAuthz",
        options,
    )


def _headers(config: MeshConfig, envoy: MeshEnvoy) -> Tree:
    """Removes forged headers, and writes the client's address, before the Check."""
    # Only a gateway takes the remote address from the connection or from trusted proxies.
    address = REMOTE_ADDRESS if envoy.kind == "gateway" else _PEER_ADDRESS
    match = filter_of(INBOUND[envoy.kind], "envoy.filters.http.ext_authz")
    value = header_mutation(config.header_prefix, config.client_address_header, address)
    return patch("HTTP_FILTER", match, value, "INSERT_BEFORE")


def _health(config: MeshConfig, envoy: MeshEnvoy) -> Tree:
    adapter = config.plan.adapter
    cluster = {"service": adapter.host, "portNumber": adapter.port}
    match = {"context": _OUTBOUND[envoy.kind], "cluster": cluster}
    return patch("CLUSTER", match, health_options(HEALTH_INTERVAL))


def _managers(config: MeshConfig, envoy: MeshEnvoy) -> Iterator[Tree]:
    """How requests are read; and the access loggers with the token, which a Telemetry cannot send.

    A Telemetry logs connections without HTTP by itself.
    """
    adapter = config.plan.adapter
    cluster = f"outbound|{adapter.port}||{adapter.host}"
    logger = access_logger(cluster, config.token, _FLUSH_INTERVAL)
    logs = [logger] if config.token is not None else []
    yield typed_patch(
        "NETWORK_FILTER",
        {
            "context": INBOUND[envoy.kind],
            "listener": {"filterChain": {"filter": {"name": MANAGER}}},
        },
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        {**SAME_READING, **({"access_log": logs} if logs else {})},
    )
    if logs:
        yield from api_patches.tcp_logs(logger, envoy)
