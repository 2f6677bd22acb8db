"""VirtualServices: routes of Istio's own gateways."""

from collections.abc import Iterator

from adapter.controller.core.attachment import Attachment, make_attachment, make_envoy
from adapter.controller.core.binding import TargetRef
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.refusal import TARGET_NOT_FOUND, UNSUPPORTED_TARGET, RefusedError
from adapter.controller.core.resources import ISTIO_GATEWAY
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.parts.tree import Tree

_SIDECARS = "mesh"
"""The name that stands for all sidecars."""


def attachments(
    cluster: Cluster, options: MeshOptions, route: Tree, ref: TargetRef
) -> list[Attachment]:
    """The VirtualService, or one rule of it, at each of its gateways."""
    names = [name for name in _gateway_names(route) if name != _SIDECARS]
    if not names:
        raise RefusedError(
            UNSUPPORTED_TARGET, f"{ref}: it belongs to no gateway; bind its Service instead"
        )
    envoys = list(envoys_of(cluster, options, route))
    if not envoys:
        raise RefusedError(
            TARGET_NOT_FOUND,
            f"{ref}: no Service selects the pods of its gateways ({', '.join(names)})",
        )
    rules = [rule.get("name", "") for rule in route.get("spec", {}).get("http", [])]
    if ref.section_name and ref.section_name not in rules:
        raise RefusedError(TARGET_NOT_FOUND, f"{ref}: no rule (http[].name) has this name")
    rule = f"#{ref.section_name}" if ref.section_name else ""
    place = f"VirtualService/{route['metadata']['namespace']}/{ref.name}{rule}"
    return [make_attachment(e, str(ref), is_specific=bool(rule), route=place) for e in envoys]


def envoys_of(cluster: Cluster, options: MeshOptions, route: Tree) -> Iterator[MeshEnvoy]:
    """The gateways that the VirtualService belongs to, each once."""
    namespace = route["metadata"]["namespace"]
    seen = set()
    for text in _gateway_names(route):
        place = tuple(text.split("/", 1)) if "/" in text else (namespace, text)
        gateway = cluster.find(ISTIO_GATEWAY, *place)
        if gateway is not None:
            for envoy in _gateway_envoys(cluster, options, gateway):
                if (envoy.namespace, envoy.name) not in seen:
                    seen.add((envoy.namespace, envoy.name))
                    yield envoy


def _gateway_names(route: Tree) -> list[str]:
    return list(route.get("spec", {}).get("gateways", [_SIDECARS]))


def _gateway_envoys(cluster: Cluster, options: MeshOptions, gateway: Tree) -> Iterator[MeshEnvoy]:
    """The gateway's pods. An EnvoyFilter reaches those of its own namespace only."""
    labels = gateway.get("spec", {}).get("selector", {})
    if not labels:
        return
    # Gateways that select the same pods are one Envoy, with the first of their names. A gateway has
    # at least one Service, which says where its pods are.
    first, *_ = cluster.selecting(ISTIO_GATEWAY, labels)
    home, name = first["metadata"]["namespace"], first["metadata"]["name"]
    for namespace in cluster.namespaces_of_pods(labels):
        yield make_envoy(
            "gateway",
            # Gateways of other namespaces may have the same name.
            name if namespace == home else f"{home}-{name}",
            namespace,
            labels=labels,
            trusted_hops=options.trusted_hops,
        )
