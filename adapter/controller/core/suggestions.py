"""Routes that ask the adapter, but that nobody has bound: suggestions, never changes."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from adapter.controller.core import gateway_routes, virtual_services
from adapter.controller.core.binding import EnvoyKey
from adapter.controller.core.claim import envoy_key
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.judgement import Judged
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.refusal import RefusedError
from adapter.controller.core.resources import ROUTES, VIRTUAL_SERVICE, Key, Resource
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.parts.tree import Tree


class Suggestion(NamedTuple):
    """An object that an operator should look at."""

    about: Key
    uid: str
    message: str


def suggestions(
    cluster: Cluster, options: MeshOptions, judged: Iterable[Judged]
) -> list[Suggestion]:
    """A suggestion for each route without an ApiBinding at an Envoy that asks the adapter."""
    asking: set[EnvoyKey] = set()
    bound: set[tuple[str, str, str]] = set()
    for one in judged:
        asking |= {envoy_key(claim.envoy) for claim in one.claims if one.refusal is None}
        bound |= {(one.binding.key.namespace, t.kind, t.name) for t in one.binding.targets}
    return [
        _suggestion(resource, route)
        for resource, route in _all_routes(cluster)
        if options.namespace in {None, route["metadata"]["namespace"]}
        and (route["metadata"]["namespace"], resource.kind, route["metadata"]["name"]) not in bound
        and any(envoy_key(e) in asking for e in _envoys(cluster, options, resource, route))
    ]


def _all_routes(cluster: Cluster) -> Iterator[tuple[Resource, Tree]]:
    for resource in ROUTES:
        for route in cluster.all(resource):
            yield resource, route


def _envoys(
    cluster: Cluster, options: MeshOptions, resource: Resource, route: Tree
) -> list[MeshEnvoy]:
    finder = virtual_services if resource == VIRTUAL_SERVICE else gateway_routes
    try:
        return list(finder.envoys_of(cluster, options, route))
    except RefusedError:  # a name that does not fit, so no ApiBinding is possible either
        return []


def _suggestion(resource: Resource, route: Tree) -> Suggestion:
    metadata = route["metadata"]
    return Suggestion(
        Key(resource, metadata["namespace"], metadata["name"]),
        metadata["uid"],
        "Its gateway asks the adapter, which finds no API for requests to this route. Bind it "
        f"with an ApiBinding in this namespace: targetRefs: [{{group: {resource.group}, kind: "
        f"{resource.kind}, name: {metadata['name']}}}]",
    )
