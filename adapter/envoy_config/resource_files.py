"""Renders the files of an Envoy that reloads its resources when a file is replaced.

`envoy.yaml` is the bootstrap; it names the other files. Envoy reads each of them again when another
file is moved to its name, so a new API needs no restart (Envoy's file-based xDS: LDS, RDS, CDS).
"""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Final

import yaml

from adapter.envoy_config.bootstrap import node_and_admin
from adapter.envoy_config.config import EnvoyConfig
from adapter.envoy_config.parts.clusters import adapter_clusters, upstream_clusters
from adapter.envoy_config.parts.connection_manager import listener
from adapter.envoy_config.parts.routes import route_configuration
from adapter.envoy_config.parts.tree import Tree
from adapter.envoy_config.validation import validate

BOOTSTRAP: Final = "envoy.yaml"
CLUSTERS: Final = "clusters.yaml"
ROUTES: Final = "routes.yaml"
LISTENERS: Final = "listeners.yaml"
FILES: Final = (CLUSTERS, ROUTES, LISTENERS, BOOTSTRAP)
"""In the order in which they must be replaced: a route may name only clusters that exist."""
MARK: Final = "# Written by policy-adapter envoy-config, which overwrites all changes.\n"
"""The first line of each file."""

_CONFIG: Final = "type.googleapis.com/envoy.config."


def render_files(
    config: EnvoyConfig, directory: PurePath, before: Mapping[str, str]
) -> dict[str, str]:
    """The text of each of `FILES`. Raises ConfigurationError with all errors.

    `directory` is where Envoy finds the files; `before` are the texts that it has loaded.
    """
    validate(config)
    routes = {"name": "ingress", **route_configuration(config)}
    texts = {
        BOOTSTRAP: _text(_bootstrap(config, directory)),
        ROUTES: _text(_resources("route.v3.RouteConfiguration", routes)),
        LISTENERS: _text(_resources("listener.v3.Listener", listener(config, _rds(directory)))),
    }
    same_routes = texts[ROUTES] == before.get(ROUTES)
    clusters = [*adapter_clusters(config), *upstream_clusters(config)]
    clusters += _still_used(before, clusters, same_routes=same_routes)
    return {**texts, CLUSTERS: _text(_resources("cluster.v3.Cluster", *clusters))}


def _bootstrap(config: EnvoyConfig, directory: PurePath) -> Tree:
    return {
        **node_and_admin(config),
        "dynamic_resources": {
            "cds_config": _source(directory / CLUSTERS),
            "lds_config": _source(directory / LISTENERS),
        },
    }


def _rds(directory: PurePath) -> Tree:
    return {"rds": {"route_config_name": "ingress", "config_source": _source(directory / ROUTES)}}


def _source(file: PurePath) -> Tree:
    return {"resource_api_version": "V3", "path_config_source": {"path": str(file)}}


def _resources(type_name: str, *resources: Tree) -> Tree:
    return {"resources": [{"@type": _CONFIG + type_name, **resource} for resource in resources]}


def _still_used(
    before: Mapping[str, str], clusters: list[Tree], *, same_routes: bool
) -> list[Tree]:
    """Clusters that the routes before this change use.

    Envoy loads the new clusters before the new routes. Requests in between still need the old
    clusters, so these stay until the routes change again.
    """
    names = {cluster["name"] for cluster in clusters}
    old = [c for c in _loaded(before.get(CLUSTERS, "")) if c["name"] not in names]
    used = before.get(ROUTES, "")
    return [c for c in old if same_routes or f"cluster: {c['name']}\n" in used]


def _loaded(text: str) -> list[Tree]:
    """The clusters in a file of ours; none if somebody has damaged it, because Envoy has none."""
    try:
        resources = yaml.safe_load(text)["resources"]
        return [{key: c[key] for key in c if key != "@type"} for c in resources if c["name"]]
    except (yaml.YAMLError, TypeError, LookupError):
        return []


def _text(content: Tree) -> str:
    text: str = yaml.safe_dump(content, sort_keys=False, width=100)
    return MARK + text
