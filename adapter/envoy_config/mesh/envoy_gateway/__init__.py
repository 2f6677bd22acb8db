"""What an operator of Envoy Gateway applies: one module for each kind of object."""

from collections.abc import Iterator

from adapter.envoy_config.mesh.config import MeshConfig
from adapter.envoy_config.mesh.document import Document
from adapter.envoy_config.mesh.envoy_gateway.backend import backend
from adapter.envoy_config.mesh.envoy_gateway.client_traffic_policy import client_traffic_policy
from adapter.envoy_config.mesh.envoy_gateway.envoy_patch_policy import envoy_patch_policy
from adapter.envoy_config.mesh.envoy_gateway.envoy_proxy import envoy_proxy
from adapter.envoy_config.mesh.envoy_gateway.security_policy import gateway_policy, route_policies


def documents(config: MeshConfig) -> Iterator[Document]:
    """The objects for each Gateway, the Check after what it relies on."""
    for envoy in config.plan.envoys:
        yield backend(config, envoy)
        yield envoy_proxy(envoy)
        yield client_traffic_policy(config, envoy)
        yield from route_policies(envoy)
        yield gateway_policy(envoy)
        yield envoy_patch_policy(config, envoy)
