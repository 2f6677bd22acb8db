"""Finds the Envoys behind the target of an ApiBinding, and what tells its requests there."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from adapter.controller.core import gateway_routes, virtual_services, workloads
from adapter.controller.core.attachment import Attachment
from adapter.controller.core.binding import TargetRef
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.refusal import OTHER_MESH, TARGET_NOT_FOUND, RefusedError
from adapter.controller.core.resources import TARGETS, read_for
from adapter.envoy_config.parts.tree import Tree

_Attachments: TypeAlias = Callable[[Cluster, MeshOptions, Tree, TargetRef], list[Attachment]]
_BY_KIND: Final[Mapping[str, _Attachments]] = {
    "HTTPRoute": gateway_routes.attachments,
    "GRPCRoute": gateway_routes.attachments,
    "VirtualService": virtual_services.attachments,
    "Service": workloads.attachments,
}


def attachments_of(
    cluster: Cluster, options: MeshOptions, namespace: str, ref: TargetRef
) -> list[Attachment]:
    """The attachments of one target; raises RefusedError if it cannot be bound."""
    resource = TARGETS.get(ref.kind)
    if resource not in read_for(options.mesh):
        raise RefusedError(
            OTHER_MESH, f"{ref}: {options.mesh} cannot bind it; bind a route of a Gateway"
        )
    target = cluster.find(resource, namespace, ref.name)
    if target is None:
        raise RefusedError(
            TARGET_NOT_FOUND, f"{ref}: there is no {ref.kind} of this name in {namespace}"
        )
    return _BY_KIND[ref.kind](cluster, options, target, ref)
