"""What the controller has seen in the cluster."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from adapter.controller.core.resources import SERVICE, Resource
from adapter.envoy_config.parts.tree import Tree

_Labels: TypeAlias = frozenset[tuple[str, str]]


class Cluster:
    """Objects as the API server has them, by resource, and by namespace and name.

    The namespace of an object that belongs to the whole cluster is empty.

    It does not change. What was looked up by labels is remembered, because each round asks for each
    route and Service.
    """

    def __init__(self, objects: Mapping[Resource, Mapping[tuple[str, str], Tree]]) -> None:
        self._objects = {
            resource: dict(sorted(found.items())) for resource, found in objects.items()
        }
        self._by_selector: dict[Resource, dict[_Labels, list[Tree]]] = {}
        self._namespaces: dict[_Labels, list[str]] = {}

    @classmethod
    def of(cls, objects: Iterable[tuple[Resource, Tree]]) -> "Cluster":
        """The cluster that has these objects."""
        found: dict[Resource, dict[tuple[str, str], Tree]] = {}
        for resource, content in objects:
            metadata = content["metadata"]
            place = metadata.get("namespace", ""), metadata["name"]
            found.setdefault(resource, {})[place] = content
        return cls(found)

    def find(self, resource: Resource, namespace: str, name: str) -> Tree | None:
        """The object, or None."""
        return self._objects.get(resource, {}).get((namespace, name))

    def all(self, resource: Resource) -> Iterator[Tree]:
        """All objects of this resource, in the order of their namespaces and names."""
        yield from self._objects.get(resource, {}).values()

    def selecting(self, resource: Resource, labels: Mapping[str, str]) -> list[Tree]:
        """The objects whose `selector` has exactly these labels, in the order of their names."""
        if resource not in self._by_selector:
            found: dict[_Labels, list[Tree]] = {}
            for content in self.all(resource):
                found.setdefault(_selector(content), []).append(content)
            self._by_selector[resource] = found
        return self._by_selector[resource].get(frozenset(labels.items()), [])

    def namespaces_of_pods(self, labels: Mapping[str, str]) -> list[str]:
        """Where Services select pods that have these labels, and perhaps more."""
        wanted = frozenset(labels.items())
        if wanted not in self._namespaces:
            self._namespaces[wanted] = sorted(
                {
                    service["metadata"]["namespace"]
                    for service in self.all(SERVICE)
                    if wanted <= _selector(service)
                }
            )
        return self._namespaces[wanted]


def _selector(content: Tree) -> _Labels:
    return frozenset((content.get("spec", {}).get("selector") or {}).items())
