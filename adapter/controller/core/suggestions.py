"""Routes that ask the adapter, but that nobody has bound: suggestions, never changes."""

from collections.abc import Iterable
from typing import NamedTuple

from adapter.controller.core.attachment import envoy_key
from adapter.controller.core.binding import EnvoyKey
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.judgement import Judged
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.resources import Key, Resource
from adapter.controller.core.routes import all_routes, envoys_of_route
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
        asking |= {
            envoy_key(attachment.envoy) for attachment in one.attachments if one.refusal is None
        }
        bound |= {(one.binding.key.namespace, t.kind, t.name) for t in one.binding.targets}
    return [
        _suggestion(resource, route)
        for resource, route in all_routes(cluster)
        if options.namespace in {None, route["metadata"]["namespace"]}
        and (route["metadata"]["namespace"], resource.kind, route["metadata"]["name"]) not in bound
        and any(envoy_key(e) in asking for e in envoys_of_route(cluster, options, resource, route))
    ]


def _suggestion(resource: Resource, route: Tree) -> Suggestion:
    metadata = route["metadata"]
    return Suggestion(
        Key(resource, metadata["namespace"], metadata["name"]),
        metadata["uid"],
        "Its gateway asks the adapter, which finds no API for requests to this route. Bind it "
        f"with an ApiBinding in this namespace: targetRefs: [{{group: {resource.group}, kind: "
        f"{resource.kind}, name: {metadata['name']}}}]",
    )
