"""The parts of an Envoy that the checks look at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from adapter.doctor.fields import Tree, flag, text, tree
from adapter.doctor.finding import Place

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

    @property
    def asks_adapter(self) -> bool:
        """Whether it can be the filter that asks the adapter, which speaks gRPC only."""
        return self.kind == "ext_authz" and "grpc_service" in self.config

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


@dataclass(frozen=True, slots=True)
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
    missing_routes: str = ""
    """The name of the route configuration that was not found."""

    @property
    def place(self) -> Place:
        """Its place."""
        return Place(self.listener, self.label)

    @property
    def askers(self) -> list[HttpFilter]:
        """The filters that ask the adapter."""
        return [f for f in self.filters if f.asks_adapter]

    @property
    def before_check(self) -> list[HttpFilter]:
        """The filters that run before the adapter is asked; all if it is not."""
        first = next((i for i, f in enumerate(self.filters) if f.asks_adapter), len(self.filters))
        return list(self.filters[:first])

    @property
    def after_check(self) -> list[HttpFilter]:
        """The filters that run after the adapter was asked, without the router."""
        first = next((i for i, f in enumerate(self.filters) if f.asks_adapter), len(self.filters))
        return [f for f in self.filters[first + 1 :] if f.kind not in {"router", "ext_authz"}]

    @property
    def routes(self) -> Iterator[tuple[VirtualHost, Route]]:
        """All routes."""
        return ((host, route) for host in self.hosts for route in host.routes)

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
    counters: Mapping[str, int] = field(default_factory=dict)
    """Counters of a running Envoy, by name."""
