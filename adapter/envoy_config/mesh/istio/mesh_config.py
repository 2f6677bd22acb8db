"""The extension providers: where Istio's Envoys find the adapter."""

from adapter.envoy_config.mesh.config import CHECK_TIMEOUT, NAME, MeshConfig
from adapter.envoy_config.mesh.document import MESH_CONFIG_FILE, Document
from adapter.envoy_config.parts.tree import Tree

LOG_PROVIDER = f"{NAME}-als"


def mesh_config(config: MeshConfig) -> Document:
    """The part of `meshConfig`; a log provider only where the log needs no token."""
    adapter = config.plan.adapter
    address = {"service": adapter.host, "port": adapter.port}
    checks = {
        **address,
        "timeout": CHECK_TIMEOUT,
        "failOpen": False,
        "statusOnError": "503",
    }
    providers: list[Tree] = [{"name": NAME, "envoyExtAuthzGrpc": checks}]
    if config.token is None:
        providers.append({"name": LOG_PROVIDER, "envoyHttpAls": {**address, **_log()}})
    return Document(
        "Istio's mesh configuration: add these entries to meshConfig.extensionProviders, for "
        "example in the values of the chart istiod.",
        {"meshConfig": {"extensionProviders": providers}},
        MESH_CONFIG_FILE,
    )


def _log() -> Tree:
    return {
        "logName": NAME,
        "additionalResponseHeadersToLog": ["grpc-status"],
        "additionalResponseTrailersToLog": ["grpc-status"],
    }
