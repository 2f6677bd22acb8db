"""The EnvoyProxy: Envoys report to the adapter how each request ended."""

from adapter.envoy_config.mesh.config import NAME
from adapter.envoy_config.mesh.document import Document
from adapter.envoy_config.mesh.envoy_gateway.backend import (
    VERSION,
    backend_reference,
    log_settings,
)
from adapter.envoy_config.mesh.kubernetes import kubernetes_object, name_for
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.parts.tree import Tree


def envoy_proxy(envoy: MeshEnvoy) -> Document:
    """Two sinks, because a list of sinks replaces Envoy Gateway's own log to standard output."""
    sinks: list[Tree] = [
        {"type": "ALS", "als": _adapter(envoy)},
        {"type": "File", "file": {"path": "/dev/stdout"}},
    ]
    spec = {"telemetry": {"accessLog": {"settings": [{"sinks": sinks}]}}}
    return Document(
        f"The Gateway {envoy.name} reports to the adapter how each request ended. Name this "
        "object in spec.infrastructure.parametersRef of the Gateway, or in parametersRef of its "
        "GatewayClass. If one is named there already, add these lines to that one.",
        kubernetes_object(VERSION, "EnvoyProxy", name_for(envoy), envoy.namespace, spec),
    )


def _adapter(envoy: MeshEnvoy) -> Tree:
    return {
        "logName": NAME,
        "type": "HTTP",
        "backendRefs": [backend_reference(envoy)],
        "backendSettings": log_settings(),
        "http": {"responseHeaders": ["grpc-status"], "responseTrailers": ["grpc-status"]},
    }
