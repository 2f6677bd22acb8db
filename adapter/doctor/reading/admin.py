"""Reads a running Envoy through its admin interface."""

import re
from typing import Any

from adapter.doctor.fields import Tree, flag, number, text, tree, trees
from adapter.doctor.finding import Place
from adapter.doctor.model import Envoy
from adapter.doctor.reading.http import OPTION, TIMEOUT_S, get_json
from adapter.doctor.reading.resources import Resources, envoy_of
from adapter.errors import ConfigurationError

_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}")
_COUNTERS = "ext_authz|access_logs.grpc_access_log"


def read_admin(address: str, timeout_s: float = TIMEOUT_S) -> Envoy:
    """Read the Envoy whose admin interface is at this URL. Raises ConfigurationError."""

    def get(path: str) -> Tree:
        answer = get_json(address, path, timeout_s)
        if not isinstance(answer, dict):
            raise ConfigurationError(f"{OPTION} {address}: the answer to {path} is not Envoy's")
        return answer

    info = get("/server_info")
    if "version" not in info or "command_line_options" not in info:
        raise ConfigurationError(f"{OPTION} {address} is not the admin interface of an Envoy")
    found = resources_of_dump(get("/config_dump?include_eds"))
    match = _VERSION.search(text(info, "version"))
    found.version = match[0] if match else ""
    found.healthy = _healthy(get("/clusters?format=json"))
    found.counters = _counters(get(f"/stats?format=json&filter={_COUNTERS}"))
    return envoy_of(found)


def resources_of_dump(dump: Tree) -> Resources:
    """The resources in the answer of `/config_dump`."""
    found = Resources()
    for part in trees(dump, "configs"):
        kind = text(part, "@type").rpartition(".")[2]
        if kind == "BootstrapConfigDump":
            found.admin = tree(part, "bootstrap", "admin", "address")
            found.node_id = text(tree(part, "bootstrap", "node"), "id")
        elif kind == "ListenersConfigDump":
            _add_listeners(part, found)
        elif kind in _ADD:
            _ADD[kind](part, found)
    return found


def _add_listeners(part: Tree, found: Resources) -> None:
    found.listeners += [tree(item, "listener") for item in trees(part, "static_listeners")]
    for item in trees(part, "dynamic_listeners"):
        for state in ("active_state", "warming_state"):
            if listener := tree(item, state, "listener"):
                found.listeners.append(listener)
                break
        if "error_state" in item:
            # A refused update is listed under the listener, and once more without its name.
            refused = tree(item, "error_state", "failed_configuration")
            found.rejected.add(Place(listener=text(item, "name") or text(refused, "name")))


def _add_clusters(part: Tree, found: Resources) -> None:
    for name in ("static_clusters", "dynamic_active_clusters", "dynamic_warming_clusters"):
        for item in trees(part, name):
            cluster = tree(item, "cluster")
            found.clusters.append(cluster)
            if "error_state" in item:
                found.rejected.add(Place(cluster=text(cluster, "name")))


def _add_routes(part: Tree, found: Resources) -> None:
    for name in ("static_route_configs", "dynamic_route_configs"):
        for item in trees(part, name):
            config = tree(item, "route_config")
            if text(config, "name"):
                found.routes[text(config, "name")] = config


def _add_endpoints(part: Tree, found: Resources) -> None:
    for name in ("static_endpoint_configs", "dynamic_endpoint_configs"):
        for item in trees(part, name):
            config = tree(item, "endpoint_config")
            found.endpoints[text(config, "cluster_name")] = config


def _add_filters(part: Tree, found: Resources) -> None:
    for item in trees(part, "ecds_filters"):
        config = tree(item, "ecds_filter")
        found.filters[text(config, "name")] = config


_ADD = {
    "ClustersConfigDump": _add_clusters,
    "RoutesConfigDump": _add_routes,
    "EndpointsConfigDump": _add_endpoints,
    "EcdsConfigDump": _add_filters,
}


def _healthy(answer: Tree) -> dict[str, int]:
    return {
        text(cluster, "name"): sum(map(_is_healthy, trees(cluster, "host_statuses")))
        for cluster in trees(answer, "cluster_statuses")
    }


def _is_healthy(host: Tree) -> bool:
    status = tree(host, "health_status")
    failed = ("failed_active_health_check", "failed_outlier_check")
    return text(status, "eds_health_status") in {"HEALTHY", ""} and not any(
        flag(status, name) for name in failed
    )


def _counters(answer: Any) -> dict[str, int]:
    return {text(stat, "name"): int(number(stat, "value") or 0) for stat in trees(answer, "stats")}
