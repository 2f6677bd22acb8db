"""The EnvoyPatchPolicy: what Envoy Gateway's own APIs cannot say."""

from collections.abc import Iterator
from typing import Any, Final

from adapter.envoy_config.mesh.config import HEALTH_INTERVAL, MeshConfig
from adapter.envoy_config.mesh.document import Document
from adapter.envoy_config.mesh.envoy_gateway.backend import VERSION
from adapter.envoy_config.mesh.envoy_gateway.security_policy import check_clusters
from adapter.envoy_config.mesh.kubernetes import kubernetes_object, name_for, reference
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.parts.http_filters import SAFE_CHANGES
from adapter.envoy_config.parts.tree import Tree, token_metadata

_TYPES: Final = "type.googleapis.com/envoy.config."
_LOG_CLUSTER: Final = "accesslog_als_0_0"
_CHECKS: Final = "$..http_filters[?match(@.name, 'envoy.filters.http.ext_authz.*')].typed_config"
_LOGGER: Final = (
    "$..access_log[?match(@.name, 'envoy.access_loggers.http_grpc')].typed_config.common_config"
    ".grpc_service"
)
"""Where HTTP and HTTPS listeners have these parts."""


def envoy_patch_policy(config: MeshConfig, envoy: MeshEnvoy) -> Document:
    """The patches. None of them protects what nothing else does, because they can fail silently."""
    spec = {
        "targetRef": reference("Gateway", envoy.name),
        "type": "JSONPatch",
        "jsonPatches": [*_cluster_patches(envoy), *_listener_patches(config.token, envoy)],
    }
    return Document(
        f"What Envoy Gateway's other objects cannot say about the Gateway {envoy.name}. It needs "
        "extensionApis.enableEnvoyPatchPolicy: true. See that its status has Programmed: True, "
        "because one with a wrong name is half applied."
        + (" It contains the token, so keep it private." if config.token else ""),
        kubernetes_object(VERSION, "EnvoyPatchPolicy", name_for(envoy), envoy.namespace, spec),
    )


def _cluster_patches(envoy: MeshEnvoy) -> Iterator[Tree]:
    for cluster in (*check_clusters(envoy), _LOG_CLUSTER):
        for path, value in (
            ("/health_checks/0/no_traffic_interval", HEALTH_INTERVAL),
            ("/common_lb_config/update_merge_window", "0s"),
        ):
            yield _patch("cluster.v3.Cluster", cluster, path, value)


def _listener_patches(token: str | None, envoy: MeshEnvoy) -> Iterator[Tree]:
    metadata = token_metadata(token).get("initial_metadata")
    for listener in envoy.listeners:
        name = f"{envoy.namespace}/{envoy.name}/{listener}"
        for option, value in SAFE_CHANGES.items():
            yield _patch("listener.v3.Listener", name, f"/{option}", value, _CHECKS)
        if metadata is not None:
            path = "/grpc_service/initial_metadata"
            yield _patch("listener.v3.Listener", name, path, metadata, _CHECKS)
            yield _patch("listener.v3.Listener", name, "/initial_metadata", metadata, _LOGGER)


def _patch(type_name: str, name: str, path: str, value: Any, where: str = "") -> Tree:
    operation = {"op": "add", "path": path, "value": value}
    if where:
        operation["jsonPath"] = where
    return {"type": f"{_TYPES}{type_name}", "name": name, "operation": operation}
