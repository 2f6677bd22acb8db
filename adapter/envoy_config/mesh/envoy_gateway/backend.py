"""The Backend: where Envoy Gateway's Envoys find the adapter, and how they treat it."""

from adapter.envoy_config.mesh.config import CHECK_TIMEOUT_MS, HEALTH_INTERVAL, MeshConfig
from adapter.envoy_config.mesh.document import Document
from adapter.envoy_config.mesh.kubernetes import kubernetes_object, name_for, reference
from adapter.envoy_config.mesh.plan import AdapterService, MeshEnvoy
from adapter.envoy_config.parts.tree import Tree

GROUP = "gateway.envoyproxy.io"
VERSION = f"{GROUP}/v1alpha1"


def backend(config: MeshConfig, envoy: MeshEnvoy) -> Document:
    """The adapter, by the name of its headless Service, which has the address of every pod."""
    adapter = config.plan.adapter
    address = {"hostname": adapter.host, "port": adapter.port}
    spec = {
        "appProtocols": [f"{GROUP}/h2c"],
        "endpoints": [{"fqdn": address}],
        **_tls(adapter),
    }
    return Document(
        f"Where the Gateway {envoy.name} finds the adapter. The Service must be headless "
        "(clusterIP: None), so that Envoy sees each pod. Envoy Gateway needs "
        "extensionApis.enableBackend: true.",
        kubernetes_object(VERSION, "Backend", name_for(envoy), envoy.namespace, spec),
    )


def backend_reference(envoy: MeshEnvoy) -> Tree:
    """How other objects name the Backend; those of other namespaces name this one, too."""
    return {**reference("Backend", name_for(envoy), GROUP), "namespace": envoy.namespace}


def check_settings() -> Tree:
    """How Envoy treats the adapter when it asks: it tries another process, and sees hung ones."""
    retries = ["connect-failure", "reset", "refused-stream", "unavailable"]
    back_off = {"baseInterval": "10ms", "maxInterval": "500ms"}
    log = log_settings()
    passive = {
        "consecutive5XxErrors": 5,
        "interval": "2s",
        "baseEjectionTime": "5s",
        "maxEjectionPercent": 50,
    }
    return {
        **log,
        "healthCheck": {**log["healthCheck"], "passive": passive},
        "retry": {
            "numRetries": 2,
            "retryOn": {"triggers": retries},
            "perRetry": {"backOff": back_off},
        },
        "circuitBreaker": {
            "maxParallelRequests": 20000,
            "maxPendingRequests": 20000,
            "maxParallelRetries": 200,
        },
        "loadBalancer": {"type": "RoundRobin"},
    }


def log_settings() -> Tree:
    """How Envoy treats the adapter when it sends access logs."""
    active = {
        "type": "GRPC",
        "grpc": {},
        "timeout": CHECK_TIMEOUT_MS,
        "interval": HEALTH_INTERVAL,
        "unhealthyThreshold": 1,
        "healthyThreshold": 1,
    }
    return {
        "timeout": {"tcp": {"connectTimeout": "250ms"}},
        "healthCheck": {"active": active},
    }


def _tls(adapter: AdapterService) -> Tree:
    if adapter.tls_ca_secret is None:
        return {}
    tls: Tree = {
        "sni": adapter.host,
        "alpnProtocols": ["h2"],
        "caCertificateRefs": [reference("Secret", adapter.tls_ca_secret, "")],
    }
    if adapter.tls_client_secret is not None:
        tls["clientCertificateRef"] = {"kind": "Secret", "name": adapter.tls_client_secret}
    return {"tls": tls}
