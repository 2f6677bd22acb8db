"""Names of rules under Istio, which finds a rule at an Envoy by its name alone.

Two routes of one gateway may have rules of one name, also those of two teams. An ApiBinding that
names the rule of one route would then take the requests of the other one. So the name belongs to
the oldest route, and ApiBindings of the others are refused.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from adapter.controller.core.claim import Claim
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.resources import VIRTUAL_SERVICE, Resource
from adapter.controller.core.routes import all_routes, envoys_of_route
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.mesh.ways import istio_route_name
from adapter.envoy_config.parts.tree import Tree

_Target: TypeAlias = tuple[str, str, str]
"""Kind, namespace and name of a route."""


class _Pods(NamedTuple):
    """Which pods an Envoy has; two Envoys may have the same."""

    kind: str
    namespace: str
    labels: frozenset[tuple[str, str]]

    def meet(self, other: "_Pods") -> bool:
        """Whether they may have a pod in common: no label has two values."""
        if self[:2] != other[:2]:
            return False
        labels = self.labels | other.labels
        return len(labels) == len(dict(labels))


_Owners: TypeAlias = defaultdict[str, dict[_Pods, tuple[str, _Target]]]
"""By the name of a rule and by pods: when a route was created, and which."""


class RuleNames:
    """Which routes have which names of rules, at Istio's Envoys."""

    def __init__(self, cluster: Cluster, options: MeshOptions) -> None:
        self._oldest: _Owners = defaultdict(dict)
        self._names: dict[_Target, list[str]] = {}
        for resource, route in all_routes(cluster) if options.mesh == "istio" else ():
            self._add(resource, route, envoys_of_route(cluster, options, resource, route))

    def faults_of(self, claims: Iterable[Claim]) -> Iterator[str]:
        """Which claims name a rule whose name an older route has."""
        for claim in claims:
            rule, target = _rule(claim), claim.place.target
            _, owner = min(_at(self._oldest, rule, claim), default=("", target))
            if owner != target:
                yield (
                    f"the older {'/'.join(owner)} has a rule {rule}, too, at the same "
                    f"{claim.envoy.kind}, and Istio tells rules by their names only; rename yours"
                )

    def hidden(self, claims: Iterable[Claim], bound: _Owners) -> Iterator[str]:
        """Which whole routes have a rule that is `bound` as one of another route."""
        for claim in claims:
            for rule in self._names.get(claim.place.target, ()):
                for _, other in _at(bound, rule, claim):
                    if other != claim.place.target:
                        yield (
                            f"its rule {rule} has the name of a bound rule of {'/'.join(other)}, "
                            "and Istio tells rules by their names only; rename yours"
                        )

    def _add(self, resource: Resource, route: Tree, envoys: Iterable[MeshEnvoy]) -> None:
        metadata = route["metadata"]
        owner = (
            metadata["creationTimestamp"],
            (resource.kind, metadata["namespace"], metadata["name"]),
        )
        self._names[owner[1]] = list(_names(resource, route))
        for pods in map(_pods, envoys):
            for name in self._names[owner[1]]:
                owners = self._oldest[name]
                owners[pods] = min(owner, owners.get(pods, owner))


def bound_rules(claims: Iterable[Claim]) -> _Owners:
    """The rules that claims name."""
    bound: _Owners = defaultdict(dict)
    for claim in claims:
        if claim.place.rule:
            bound[_rule(claim)][_pods(claim.envoy)] = "", claim.place.target
    return bound


def _at(owners: _Owners, rule: str, claim: Claim) -> Iterator[tuple[str, _Target]]:
    """The owners of this name at the claim's pods."""
    pods = _pods(claim.envoy)
    return (owner for place, owner in owners.get(rule, {}).items() if place.meet(pods))


def _pods(envoy: MeshEnvoy) -> _Pods:
    return _Pods(envoy.kind, envoy.namespace, frozenset(envoy.labels.items()))


def _rule(claim: Claim) -> str:
    """Istio's name of the claim's rule; empty if it is about more than one rule."""
    return istio_route_name(claim.place) if claim.place.rule else ""


def _names(resource: Resource, route: Tree) -> Iterator[str]:
    """Istio's names of the rules. Those of a VirtualService may have none."""
    spec, metadata = route.get("spec", {}), route["metadata"]
    if resource == VIRTUAL_SERVICE:
        yield from (rule["name"] for rule in spec.get("http", []) if rule.get("name"))
        return
    for number, rule in enumerate(spec.get("rules", [])):
        yield rule.get("name") or f"{metadata['namespace']}.{metadata['name']}.{number}"
