"""The objects of Istio's own APIs: which requests are checked and logged, and by which rules."""

from adapter.envoy_config.mesh.config import NAME, MeshConfig
from adapter.envoy_config.mesh.document import Document
from adapter.envoy_config.mesh.istio.mesh_config import LOG_PROVIDER
from adapter.envoy_config.mesh.istio.selection import selection
from adapter.envoy_config.mesh.kubernetes import kubernetes_object, name_for
from adapter.envoy_config.mesh.plan import AdapterService, MeshEnvoy
from adapter.envoy_config.parts.tree import Tree


def authorization_policy(envoy: MeshEnvoy) -> Document:
    """Makes these Envoys ask the adapter."""
    spec = {
        **selection(envoy),
        "action": "CUSTOM",
        "provider": {"name": NAME},
        "rules": [_rule(envoy)],
    }
    return Document(
        f"The {envoy.kind} {envoy.name} asks the adapter.",
        kubernetes_object(
            "security.istio.io/v1", "AuthorizationPolicy", name_for(envoy), envoy.namespace, spec
        ),
    )


def _rule(envoy: MeshEnvoy) -> Tree:
    """Matches the ports of the APIs at a sidecar, and otherwise everything."""
    ports = [api.port or api.tcp_port for api in envoy.apis] if envoy.kind == "sidecar" else [None]
    if None in ports:
        return {}
    return {"to": [{"operation": {"ports": [str(port) for port in ports]}}]}


def telemetry(envoy: MeshEnvoy) -> Document:
    """Makes these Envoys report to the adapter how each request ended."""
    spec = {
        **selection(envoy),
        "accessLogging": [{"providers": [{"name": "envoy"}, {"name": LOG_PROVIDER}]}],
    }
    return Document(
        f"The {envoy.kind} {envoy.name} reports to the adapter how each request ended.",
        kubernetes_object(
            "telemetry.istio.io/v1", "Telemetry", name_for(envoy), envoy.namespace, spec
        ),
    )


def destination_rule(config: MeshConfig) -> Document:
    """How Istio's Envoys connect to the adapter."""
    adapter = config.plan.adapter
    policy = {
        "loadBalancer": {"simple": "ROUND_ROBIN"},
        "connectionPool": {"tcp": {"connectTimeout": "0.25s"}},
        "outlierDetection": {
            "consecutive5xxErrors": 5,
            "interval": "2s",
            "baseEjectionTime": "5s",
            "maxEjectionPercent": 50,
            "minHealthPercent": 0,
        },
        **_tls(adapter),
    }
    spec = {"host": adapter.host, "trafficPolicy": policy}
    return Document(
        "How Istio's Envoys connect to the adapter.",
        kubernetes_object(
            "networking.istio.io/v1", "DestinationRule", NAME, adapter.namespace, spec
        ),
    )


def _tls(adapter: AdapterService) -> Tree:
    """TLS of the adapter's own. Without it, Istio chooses: mutual TLS between sidecars."""
    secret = adapter.tls_client_secret or adapter.tls_ca_secret
    if secret is None:
        return {}
    mode = "MUTUAL" if adapter.tls_client_secret else "SIMPLE"
    return {"tls": {"mode": mode, "credentialName": secret, "sni": adapter.host}}
