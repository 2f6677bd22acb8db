"""All routes of a cluster, and the Envoys that each belongs to."""

from collections.abc import Iterator

from adapter.controller.core import gateway_routes, virtual_services
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.refusal import RefusedError
from adapter.controller.core.resources import ROUTES, VIRTUAL_SERVICE, Resource
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.parts.tree import Tree


def all_routes(cluster: Cluster) -> Iterator[tuple[Resource, Tree]]:
    """Routes of all kinds, in an order that does not depend on that of the API server."""
    for resource in ROUTES:
        for route in cluster.all(resource):
            yield resource, route


def envoys_of_route(
    cluster: Cluster, options: MeshOptions, resource: Resource, route: Tree
) -> list[MeshEnvoy]:
    """The Envoys that the route is attached to, as far as an ApiBinding can be about them."""
    finder = virtual_services if resource == VIRTUAL_SERVICE else gateway_routes
    try:
        return list(finder.envoys_of(cluster, options, route))
    except RefusedError:  # a name that does not fit, so no ApiBinding is possible either
        return []
