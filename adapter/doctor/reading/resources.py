"""The resources of an Envoy, and the model made of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.doctor.fields import (
    Tree,
    flag,
    kind_of,
    skips_filter,
    text,
    texts,
    tree,
    trees,
    typed_messages,
    unwrapped,
)
from adapter.doctor.finding import Place
from adapter.doctor.model import (
    Chain,
    Cluster,
    Envoy,
    HttpFilter,
    Route,
    VirtualHost,
    cluster_of,
)

_MANAGER = ".HttpConnectionManager"


@dataclass(slots=True)
class Resources:
    """What was read, before it is put together."""

    listeners: list[Tree] = field(default_factory=list)
    routes: dict[str, Tree] = field(default_factory=dict)
    clusters: list[Tree] = field(default_factory=list)
    endpoints: dict[str, Tree] = field(default_factory=dict)
    filters: dict[str, Tree] = field(default_factory=dict)
    """Filters that Envoy discovers (ECDS), by name."""
    admin: Tree = field(default_factory=dict)
    node_id: str = ""
    version: str = ""
    rejected: set[Place] = field(default_factory=set)
    healthy: Mapping[str, int] | None = None
    """How many endpoints of each cluster a running Envoy can use."""
    counters: dict[str, int] = field(default_factory=dict)


def envoy_of(found: Resources) -> Envoy:
    """The model."""
    listeners = [listener for listener in found.listeners if not _leads_out(listener, found)]
    chains = [chain for listener in listeners for chain in _chains(listener, found)]
    asked = {_listener_name(listener) for listener in listeners if _asks_about_tcp(listener)}
    known = asked | {chain.listener for chain in chains}
    return Envoy(
        chains=chains,
        other_listeners=[n for n in map(_listener_name, listeners) if n not in known],
        clusters={text(c, "name"): _cluster(c, found) for c in found.clusters},
        admin=found.admin,
        node_id=found.node_id,
        version=found.version,
        rejected=frozenset(found.rejected),
        counters=found.counters,
    )


def _leads_out(listener: Tree, found: Resources) -> bool:
    """Whether a sidecar uses the listener for the requests of its own workload to others."""
    is_sidecar = found.node_id.startswith("sidecar~")
    return is_sidecar and text(listener, "traffic_direction") == "OUTBOUND"


def _asks_about_tcp(listener: Tree) -> bool:
    """Whether every filter chain asks about connections, without reading HTTP."""
    chains = [*trees(listener, "filter_chains"), tree(listener, "default_filter_chain")]
    return all(
        any(kind_of(unwrapped(tree(f, "typed_config"))) == "ext_authz" for f in trees(c, "filters"))
        for c in chains
        if c
    )


def _listener_name(listener: Tree) -> str:
    return text(listener, "name") or _address(tree(listener, "address"))


def _chains(listener: Tree, found: Resources) -> Iterator[Chain]:
    name = _listener_name(listener)
    chains = trees(listener, "filter_chains")
    if default := tree(listener, "default_filter_chain"):
        chains = [*chains, {"name": "default", **default}]
    for number, chain in enumerate(chains, 1):
        label = text(chain, "name") or str(number)
        for network_filter in trees(chain, "filters"):
            manager = unwrapped(tree(network_filter, "typed_config"))
            if text(manager, "@type").endswith(_MANAGER):
                yield _chain(name, label if len(chains) > 1 else "", chain, manager, found)


def _chain(listener: str, label: str, chain: Tree, manager: Tree, found: Resources) -> Chain:
    configs, missing = _route_configs(manager, found)
    tls = unwrapped(tree(chain, "transport_socket", "typed_config"))
    filters = [_http_filter(f, found) for f in trees(manager, "http_filters")]
    return Chain(
        listener=listener,
        label=label,
        manager=manager,
        tls=tls if text(tls, "@type").endswith(".DownstreamTlsContext") else {},
        filters=filters,
        loggers=_loggers(manager, {f.cluster for f in filters}, found),
        hosts=[_host(host, c) for c in configs for host in trees(c, "virtual_hosts")],
        route_config=configs[0] if configs else {},
        missing_routes=missing,
    )


def _route_configs(manager: Tree, found: Resources) -> tuple[Sequence[Tree], str]:
    """The route configurations, and the name of one that was not found."""
    if "rds" in manager:
        name = text(tree(manager, "rds"), "route_config_name")
        return ([found.routes[name]], "") if name in found.routes else ([], name or "(no name)")
    if "scoped_routes" in manager:
        scopes = tree(manager, "scoped_routes", "scoped_route_configurations_list")
        names = {
            text(scope, "route_configuration_name")
            for scope in trees(scopes, "scoped_route_configurations")
        }
        named = [config for name, config in found.routes.items() if name in names]
        return (named, "") if named else ([], text(tree(manager, "scoped_routes"), "name"))
    config = tree(manager, "route_config")
    return [config], text(config, "name") or "(no name)" if "vhds" in config else ""


def _loggers(manager: Tree, asked: set[str], found: Resources) -> list[Tree]:
    """The gRPC access loggers. Of several, those that lead to the adapter; if none does, all."""
    candidates = [
        logger
        for logger in trees(manager, "access_log")
        if text(tree(logger, "typed_config"), "@type").endswith(".HttpGrpcAccessLogConfig")
    ]
    adapters = {a for name in asked for a in _addresses(name, found)}
    ours = [
        logger
        for logger in candidates
        if cluster_of(logger) in asked or _addresses(cluster_of(logger), found) & adapters
    ]
    return ours or candidates


def _addresses(name: str, found: Resources) -> set[str]:
    configs = [c for c in found.clusters if text(c, "name") == name]
    return {str(address) for c in configs for address in _cluster(c, found).addresses}


def _http_filter(config: Tree, found: Resources) -> HttpFilter:
    name = text(config, "name")
    typed = unwrapped(tree(config, "typed_config"))
    if "config_discovery" in config:
        default = tree(config, "config_discovery", "default_config")
        typed = unwrapped(found.filters.get(name, default))
    is_skipped = skips_filter(typed)
    if kind_of(typed) == "matching":
        typed = unwrapped(tree(typed, "extension_config", "typed_config"))
    kind = kind_of(typed) or name.rpartition(".")[2]
    is_disabled = flag(config, "disabled")
    return HttpFilter(name, kind, typed, is_disabled=is_disabled, is_skipped=is_skipped)


def _host(host: Tree, config: Tree) -> VirtualHost:
    outer = [_per_filter(config), _per_filter(host)]
    routes = [_route(route, outer) for route in _routes_in(host)]
    return VirtualHost(text(host, "name"), texts(host, "domains"), routes, host)


def _routes_in(host: Tree) -> Iterator[Tree]:
    """The routes of a list, or those that the actions of a matcher contain."""
    yield from trees(host, "routes")
    for action in typed_messages(tree(host, "matcher"), ".route.v3.Route", ".route.v3.RouteList"):
        yield from trees(action, "routes") if "routes" in action else [action]


def _route(config: Tree, outer: Iterable[Tree]) -> Route:
    label = text(config, "name") or _match_label(tree(config, "match"))
    weighted = trees(tree(config, "route", "weighted_clusters"), "clusters")
    per_cluster = tuple((_cluster_label(c), _per_filter(c)) for c in weighted)
    return Route(label, config, (*outer, _per_filter(config)), per_cluster)


def _cluster_label(weighted: Tree) -> str:
    return text(weighted, "name") or text(weighted, "cluster_header")


def _per_filter(config: Tree) -> Tree:
    return {
        name: unwrapped(value)
        for name, value in tree(config, "typed_per_filter_config").items()
        if isinstance(value, dict)
    }


def _match_label(match: Tree) -> str:
    for name in ("prefix", "path_separated_prefix", "path"):
        if text(match, name):
            return f"{name} {match[name]}"
    return f"regex {text(tree(match, 'safe_regex'), 'regex')}"


def _cluster(config: Tree, found: Resources) -> Cluster:
    name = text(config, "name")
    service = text(tree(config, "eds_cluster_config"), "service_name") or name
    discovered = found.endpoints.get(service) or found.endpoints.get(name) or {}
    assignment = tree(config, "load_assignment") or discovered
    return Cluster(
        name=name,
        config=config,
        addresses=[
            tree(endpoint, "endpoint", "address")
            for group in trees(assignment, "endpoints")
            for endpoint in trees(group, "lb_endpoints")
        ],
        healthy=None if found.healthy is None else found.healthy.get(name, 0),
        discovers_endpoints=text(config, "type") == "EDS" and not assignment,
    )


def _address(address: Mapping[str, Any]) -> str:
    socket = tree(address, "socket_address")
    return f"{text(socket, 'address')}:{socket.get('port_value', '')}"
