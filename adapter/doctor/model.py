"""The parts of an Envoy that the checks look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from adapter.doctor.fields import Tree, flag, text, tree, trees
from adapter.doctor.finding import Place

API_ID = "api_id"
"""The key of `context_extensions` that names a route's API."""
TOKEN = "x-adapter-token"  # noqa: S105 - the name of a piece of metadata
ROUTE_NAME = "x-route-name"
REDACTED = "[redacted]"
"""What Envoy's admin interface shows instead of the values of `context_extensions`."""


@dataclass(frozen=True, slots=True)
class HttpFilter:
    """One HTTP filter of a chain."""

    name: str
    kind: str
    """The extension, for example `ext_authz` or `header_mutation`."""
    config: Tree
    is_disabled: bool = False
    """Whether it runs only on routes that have a configuration for it."""
    is_skipped: bool = False
    """Whether a matcher skips it for some requests."""

    @property
    def can_ask_adapter(self) -> bool:
        """Whether it can be the filter that asks the adapter, which speaks gRPC only."""
        return self.kind == "ext_authz" and "grpc_service" in self.config

    @property
    def sends_our_metadata(self) -> bool:
        """Whether it sends metadata that only the adapter reads."""
        sent = trees(tree(self.config, "grpc_service"), "initial_metadata")
        return any(text(m, "key") in {TOKEN, ROUTE_NAME} for m in sent)

    @property
    def cluster(self) -> str:
        """The cluster that it asks."""
        return text(tree(self.config, "grpc_service", "envoy_grpc"), "cluster_name")


@dataclass(frozen=True, slots=True)
class Route:
    """One route of a virtual host."""

    label: str
    """Its name, or what it matches."""
    config: Tree
    per_filter: tuple[Tree, ...] = ()
    """`typed_per_filter_config` of the route configuration, the virtual host and the route."""
    per_cluster: tuple[tuple[str, Tree], ...] = ()
    """The names of its weighted clusters, and their `typed_per_filter_config`."""

    @property
    def name(self) -> str:
        """Its name in Envoy; may be empty."""
        return text(self.config, "name")

    @property
    def match(self) -> Tree:
        """What it matches."""
        return tree(self.config, "match")

    @property
    def forwards(self) -> bool:
        """Whether requests go to a service, not to an answer of Envoy's own."""
        return not self.config.keys() & {"redirect", "direct_response"}

    def has_config_for(self, name: str) -> bool:
        """Whether there is a configuration for this filter."""
        return any(name in layer for layer in self.per_filter)

    def is_disabled_for(self, name: str) -> bool:
        """Whether the route turns this filter off."""
        configs = [tree(layer, name) for layer in self.per_filter if name in layer]
        return bool(configs) and flag(configs[-1], "disabled")

    def is_covered_by(self, http_filter: HttpFilter) -> bool:
        """Whether this filter handles the requests of the route."""
        if self.is_disabled_for(http_filter.name):
            return False
        return not http_filter.is_disabled or self.has_config_for(http_filter.name)

    def extensions(self, name: str) -> dict[str, str]:
        """`context_extensions` for this filter. Envoy merges those of all levels."""
        merged: dict[str, str] = {}
        for layer in self.per_filter:
            found = tree(layer, name, "check_settings", "context_extensions")
            merged |= {key: value for key, value in found.items() if isinstance(value, str)}
        return merged


@dataclass(frozen=True, slots=True)
class VirtualHost:
    """Domains and their routes."""

    name: str
    domains: Sequence[str]
    routes: Sequence[Route]
    config: Tree


@dataclass(frozen=True, eq=False)
class Chain:
    """One HTTP connection manager, in a filter chain of a listener."""

    listener: str
    label: str
    """Which filter chain; empty if the listener has only one."""
    manager: Tree
    tls: Tree
    """`DownstreamTlsContext`; empty without TLS."""
    filters: Sequence[HttpFilter]
    hosts: Sequence[VirtualHost]
    route_config: Tree
    loggers: Sequence[Tree] = ()
    """The access loggers that stream entries to the adapter by gRPC."""
    missing_routes: str = ""
    """The name of the route configuration that was not found."""

    @property
    def place(self) -> Place:
        """Its place."""
        return Place(self.listener, self.label)

    @cached_property
    def routes(self) -> Sequence[tuple[VirtualHost, Route]]:
        """All routes."""
        return [(host, route) for host in self.hosts for route in host.routes]

    @cached_property
    def askers(self) -> Sequence[HttpFilter]:
        """The filters that ask the adapter.

        Of several ext_authz filters, those that send our metadata or name an API on some route; if
        none does, all.
        """
        candidates = [f for f in self.filters if f.can_ask_adapter]
        ours = [f for f in candidates if f.sends_our_metadata or self._names_api(f)]
        return ours if len(candidates) > 1 and ours else candidates

    def _names_api(self, http_filter: HttpFilter) -> bool:
        return any(API_ID in route.extensions(http_filter.name) for _, route in self.routes)

    @property
    def before_check(self) -> Sequence[HttpFilter]:
        """The filters that run before the adapter is asked; all if it is not."""
        return self.filters[: self._first_asker]

    @property
    def after_check(self) -> Sequence[HttpFilter]:
        """The filters that run after the adapter was asked."""
        return self.filters[self._first_asker + 1 :]

    @property
    def _first_asker(self) -> int:
        names = [f.name for f in self.filters]
        return names.index(self.askers[0].name) if self.askers else len(names)

    def place_of(self, host: VirtualHost, route: Route) -> Place:
        """The place of a route."""
        return Place(self.listener, self.label, virtual_host=host.name, route=route.label)

    def place_of_filter(self, name: str) -> Place:
        """The place of a filter or an access logger."""
        return Place(self.listener, self.label, filter=name)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster."""

    name: str
    config: Tree
    addresses: Sequence[Tree]
    """The addresses of its endpoints."""
    healthy: int | None = None
    """How many endpoints a running Envoy can use; None if that is not known."""
    discovers_endpoints: bool = False
    """Whether the endpoints are not in the configuration."""


@dataclass(frozen=True, slots=True)
class Envoy:
    """An Envoy, as its admin interface or its file describes it."""

    chains: Sequence[Chain]
    clusters: Mapping[str, Cluster]
    admin: Tree = field(default_factory=dict)
    """The address of the admin interface."""
    version: str = ""
    """For example `1.40.0`; empty if it is not known."""
    rejected: frozenset[Place] = frozenset()
    """Where Envoy refused the last update and continues with an older one."""
    other_listeners: Sequence[str] = ()
    """The names of listeners without HTTP whose connections nobody asks about."""
    node_id: str = ""
    """What Envoy calls itself. In Istio it begins with `sidecar~`, `router~` or `waypoint~`."""
    counters: Mapping[str, int] = field(default_factory=dict)
    """Counters of a running Envoy, by name."""


def logger_service(logger: Tree) -> Tree:
    """The gRPC service that an access logger streams to."""
    return tree(logger, "typed_config", "common_config", "grpc_service")


def cluster_of(logger: Tree) -> str:
    """The cluster that an access logger streams to."""
    return text(tree(logger_service(logger), "envoy_grpc"), "cluster_name")
