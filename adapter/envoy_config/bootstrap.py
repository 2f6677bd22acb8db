"""Renders a whole configuration, as the bootstrap file of an Envoy."""

import yaml

from adapter.envoy_config.config import EnvoyConfig
from adapter.envoy_config.parts.addresses import address_of
from adapter.envoy_config.parts.clusters import adapter_clusters, upstream_clusters
from adapter.envoy_config.parts.connection_manager import listener
from adapter.envoy_config.parts.routes import route_configuration
from adapter.envoy_config.parts.tree import Tree
from adapter.envoy_config.validation import validate


def render(config: EnvoyConfig) -> str:
    """The bootstrap configuration as YAML; raises ConfigurationError with all errors."""
    validate(config)
    bootstrap: Tree = {
        **node_and_admin(config),
        "static_resources": {
            "listeners": [listener(config, {"route_config": route_configuration(config)})],
            "clusters": [*adapter_clusters(config), *upstream_clusters(config)],
        },
    }
    text: str = yaml.safe_dump(bootstrap, sort_keys=False, width=100)
    return text


def node_and_admin(config: EnvoyConfig) -> Tree:
    """Who this Envoy is, and where its admin interface listens."""
    return {
        "node": {"id": "policy-adapter-gateway", "cluster": "policy-adapter"},
        "admin": {"address": address_of(config.admin)},
    }
