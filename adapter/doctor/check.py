"""A check: a name, what to say, and a function that finds the places.

The functions `per_chain`, `per_filter` and so on turn a test of one part into a check of all parts.
A test returns what it found as text, or True, or something false if all is well.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from adapter.doctor.fields import Tree, text
from adapter.doctor.finding import Finding, Place, Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Chain, Cluster, Envoy, HttpFilter, Route, VirtualHost, cluster_of

Found: TypeAlias = str | bool | None
Spot: TypeAlias = tuple[Place, str]
"""A place, and what was found there."""
Find: TypeAlias = Callable[[Envoy, KnownAdapter], Iterable[Spot]]

ACCESS_LOGGER = "http_grpc"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be wrong."""

    code: str
    severity: Severity
    why: str
    fix: str
    find: Find

    def run(self, envoy: Envoy, adapter: KnownAdapter) -> Iterator[Finding]:
        """The findings, one per place."""
        for place, detail in self.find(envoy, adapter):
            yield Finding(self.code, self.severity, place, self.why, self.fix, detail)


def per_chain(test: Callable[[Chain, KnownAdapter], Found]) -> Find:
    """Look at every HTTP connection manager."""

    def find(envoy: Envoy, adapter: KnownAdapter) -> Iterator[Spot]:
        for chain in envoy.chains:
            yield from _spot(chain.place, test(chain, adapter))

    return find


def per_checked_chain(test: Callable[[Chain, KnownAdapter], Found]) -> Find:
    """Look at every HTTP connection manager that asks the adapter."""
    return per_chain(lambda chain, adapter: bool(chain.askers) and test(chain, adapter))


def per_filter(test: Callable[[HttpFilter, Chain, KnownAdapter], Found]) -> Find:
    """Look at every filter that asks the adapter."""

    def find(envoy: Envoy, adapter: KnownAdapter) -> Iterator[Spot]:
        for chain in envoy.chains:
            for asker in chain.askers:
                found = test(asker, chain, adapter)
                yield from _spot(chain.place_of_filter(asker.name), found)

    return find


def per_route(test: Callable[[Route, VirtualHost, Chain, KnownAdapter], Found]) -> Find:
    """Look at every route that leads to a service, in chains that ask the adapter."""

    def find(envoy: Envoy, adapter: KnownAdapter) -> Iterator[Spot]:
        for chain in envoy.chains:
            for host, route in chain.routes if chain.askers else ():
                if route.forwards:
                    found = test(route, host, chain, adapter)
                    yield from _spot(chain.place_of(host, route), found)

    return find


def per_checked_route(test: Callable[[Route, VirtualHost, Chain, KnownAdapter], Found]) -> Find:
    """Look at every route whose requests the adapter is asked about."""
    return per_route(
        lambda route, host, chain, adapter: (
            any(route.is_covered_by(asker) for asker in chain.askers)
            and test(route, host, chain, adapter)
        )
    )


def per_logger(test: Callable[[Tree, Chain, KnownAdapter], Found]) -> Find:
    """Look at every gRPC access logger of the chains that ask the adapter."""

    def find(envoy: Envoy, adapter: KnownAdapter) -> Iterator[Spot]:
        for chain in envoy.chains:
            for logger in chain.loggers if chain.askers else ():
                place = chain.place_of_filter(text(logger, "name") or ACCESS_LOGGER)
                yield from _spot(place, test(logger, chain, adapter))

    return find


def per_cluster(test: Callable[[Cluster, KnownAdapter], Found]) -> Find:
    """Look at every cluster of adapters."""

    def find(envoy: Envoy, adapter: KnownAdapter) -> Iterator[Spot]:
        for name in adapter_clusters(envoy):
            if cluster := envoy.clusters.get(name):
                yield from _spot(Place(cluster=name), test(cluster, adapter))

    return find


def adapter_clusters(envoy: Envoy) -> list[str]:
    """The names of the clusters of adapters, for Checks and for access logs."""
    names: dict[str, None] = {}
    for chain in envoy.chains:
        for asker in chain.askers:
            names[asker.cluster] = None
        for logger in chain.loggers if chain.askers else ():
            names[cluster_of(logger)] = None
    names.pop("", None)
    return list(names)


def _spot(place: Place, found: Found) -> Iterator[Spot]:
    if found:
        yield place, "" if found is True else found
