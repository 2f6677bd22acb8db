"""What an operator of another Gateway API implementation applies.

The filter says no more than where the adapter is. Timeout, retries, health checks, access logs and
the removal of forged headers are up to the implementation.
"""

from collections.abc import Iterator

from adapter.envoy_config.mesh.config import MeshConfig
from adapter.envoy_config.mesh.document import Document
from adapter.envoy_config.mesh.gateway_api.external_auth import grant, http_route


def documents(config: MeshConfig) -> Iterator[Document]:
    """The routes, after what they rely on."""
    adapter = config.plan.adapter
    for namespace in sorted({envoy.namespace for envoy in config.plan.envoys}):
        if namespace != adapter.namespace:
            yield grant(config, namespace)
    for envoy, api in config.apis:
        yield http_route(adapter, envoy, api)
