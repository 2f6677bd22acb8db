"""What the controller has seen in the cluster."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from adapter.controller.core.resources import Resource
from adapter.envoy_config.parts.tree import Tree


@dataclass(frozen=True, slots=True)
class Cluster:
    """Objects as the API server has them, by resource, and by namespace and name."""

    objects: Mapping[Resource, Mapping[tuple[str, str], Tree]]

    @classmethod
    def of(cls, objects: Iterable[tuple[Resource, Tree]]) -> "Cluster":
        """The cluster that has these objects."""
        found: dict[Resource, dict[tuple[str, str], Tree]] = {}
        for resource, content in objects:
            metadata = content["metadata"]
            found.setdefault(resource, {})[metadata["namespace"], metadata["name"]] = content
        return cls(found)

    def find(self, resource: Resource, namespace: str, name: str) -> Tree | None:
        """The object, or None."""
        return self.objects.get(resource, {}).get((namespace, name))

    def all(self, resource: Resource) -> Iterator[Tree]:
        """All objects of this resource, in the order of their names."""
        found = self.objects.get(resource, {})
        for place in sorted(found):
            yield found[place]
