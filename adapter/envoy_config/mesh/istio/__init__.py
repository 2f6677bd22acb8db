"""What an operator of Istio applies: one module for each kind of object."""

from collections.abc import Iterator

from adapter.envoy_config.mesh.config import MeshConfig
from adapter.envoy_config.mesh.document import Document
from adapter.envoy_config.mesh.istio.envoy_filter import envoy_filter
from adapter.envoy_config.mesh.istio.mesh_config import mesh_config
from adapter.envoy_config.mesh.istio.policies import (
    authorization_policy,
    destination_rule,
    telemetry,
)


def documents(config: MeshConfig) -> Iterator[Document]:
    """The mesh configuration, and the objects for each Envoy, hardening before the Checks."""
    yield mesh_config(config)
    yield destination_rule(config)
    for envoy in config.plan.envoys:
        yield envoy_filter(config, envoy)
        if config.token is None:
            yield telemetry(envoy)
        yield authorization_policy(envoy)
