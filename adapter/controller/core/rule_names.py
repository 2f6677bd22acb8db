"""Names of rules under Istio, which finds a rule at an Envoy by its name alone.

Two routes of one gateway may have rules of one name, also those of two teams. An ApiBinding that
names the rule of one route would then take the requests of the other one. So the name belongs to
the oldest route, and ApiBindings of the others are refused.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from adapter.controller.core.attachment import Attachment
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

    def faults_of(self, attachments: Iterable[Attachment]) -> Iterator[str]:
        """Which attachments name a rule whose name an older route has."""
        for attachment in attachments:
            rule, target = _rule(attachment), attachment.place.target
            _, owner = min(_at(self._oldest, rule, attachment), default=("", target))
            if owner != target:
                yield (
                    f"the older {'/'.join(owner)} has a rule {rule} at the same "
                    f"{attachment.envoy.kind}, and Istio tells rules by their names only; "
                    "rename yours"
                )

    def hidden(self, attachments: Iterable[Attachment], bound: _Owners) -> Iterator[str]:
        """Which whole routes have a rule that is `bound` as one of another route."""
        for attachment in attachments:
            for rule in self._names.get(attachment.place.target, ()):
                for _, other in _at(bound, rule, attachment):
                    if other != attachment.place.target:
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


def bound_rules(attachments: Iterable[Attachment]) -> _Owners:
    """The rules that attachments name."""
    bound: _Owners = defaultdict(dict)
    for attachment in attachments:
        if attachment.place.rule:
            bound[_rule(attachment)][_pods(attachment.envoy)] = "", attachment.place.target
    return bound


def _at(owners: _Owners, rule: str, attachment: Attachment) -> Iterator[tuple[str, _Target]]:
    """The owners of this name at the attachment's pods."""
    pods = _pods(attachment.envoy)
    return (owner for place, owner in owners.get(rule, {}).items() if place.meet(pods))


def _pods(envoy: MeshEnvoy) -> _Pods:
    return _Pods(envoy.kind, envoy.namespace, frozenset(envoy.labels.items()))


def _rule(attachment: Attachment) -> str:
    """Istio's name of the attachment's rule; empty if it is about more than one rule."""
    return istio_route_name(attachment.place) if attachment.place.rule else ""


def _names(resource: Resource, route: Tree) -> Iterator[str]:
    """Istio's names of the rules. Those of a VirtualService may have none."""
    spec, metadata = route.get("spec", {}), route["metadata"]
    if resource == VIRTUAL_SERVICE:
        yield from (rule["name"] for rule in spec.get("http", []) if rule.get("name"))
        return
    for number, rule in enumerate(spec.get("rules", [])):
        yield rule.get("name") or f"{metadata['namespace']}.{metadata['name']}.{number}"
