"""HTTPRoutes and GRPCRoutes: routes of Gateways, and under Istio also of waypoints."""

from collections.abc import Iterator, Mapping
from typing import Final

from adapter.controller.core.attachment import Attachment, make_attachment, make_envoy
from adapter.controller.core.binding import TargetRef
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.refusal import (
    OTHER_MESH,
    TARGET_NOT_FOUND,
    UNSUPPORTED_TARGET,
    RefusedError,
)
from adapter.controller.core.resources import GATEWAY, GATEWAY_CLASS, SERVICE
from adapter.envoy_config.mesh import Mesh
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.parts.tree import Tree

_CONTROLLERS: Final[Mapping[Mesh, str]] = {
    "istio": "istio.io/",
    "envoy-gateway": "gateway.envoyproxy.io/",
}
"""How the names of the controllers begin that each mesh serves Gateways with (GatewayClass)."""
_WAYPOINT_CLASS = "istio-waypoint"
_USE_WAYPOINT = "istio.io/use-waypoint"
_WAYPOINT_NAMESPACE = "istio.io/use-waypoint-namespace"
_GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name"
_WITH_HTTP = frozenset({"HTTP", "HTTPS"})


def attachments(
    cluster: Cluster, options: MeshOptions, route: Tree, ref: TargetRef
) -> list[Attachment]:
    """The route, or one rule of it, at each of its Gateways."""
    envoys = list(envoys_of(cluster, options, route))
    if not envoys and _belongs_elsewhere(cluster, options, route):
        raise RefusedError(
            OTHER_MESH, f"{ref}: another implementation serves its Gateways (GatewayClass)"
        )
    if not envoys:
        raise RefusedError(
            TARGET_NOT_FOUND,
            f"{ref}: none of its parentRefs is a Gateway of {options.mesh} that exists and allows "
            f"it (allowedRoutes), or, under Istio, a Service of its namespace with the label "
            f"{_USE_WAYPOINT}",
        )
    whole = f"{ref.kind}/{route['metadata']['namespace']}/{ref.name}"
    is_specific = bool(ref.section_name)
    places = [f"{whole}#{rule}" if rule else whole for rule in _rules(options, route, ref)]
    return [
        make_attachment(envoy, str(ref), is_specific=is_specific, route=place)
        for envoy in envoys
        for place in places
    ]


def envoys_of(cluster: Cluster, options: MeshOptions, route: Tree) -> Iterator[MeshEnvoy]:
    """The Envoys that the route is attached to."""
    seen = set()
    for parent, gateway in _gateways(cluster, route):
        place = gateway["metadata"]["namespace"], gateway["metadata"]["name"]
        if place in seen or not _is_of(cluster, options.mesh, gateway):
            continue
        if _admits(gateway, parent, route["metadata"]["namespace"]):
            seen.add(place)
            yield _envoy(options, gateway)


def _gateways(cluster: Cluster, route: Tree) -> Iterator[tuple[Tree, Tree]]:
    """The parents that are, or lead to, Gateways which exist, each with its Gateway."""
    for parent in route.get("spec", {}).get("parentRefs", []):
        place = _gateway_place(cluster, parent, route["metadata"]["namespace"])
        gateway = cluster.find(GATEWAY, *place) if place else None
        if gateway is not None:
            yield parent, gateway


def _belongs_elsewhere(cluster: Cluster, options: MeshOptions, route: Tree) -> bool:
    """Whether it has Gateways, and another implementation serves all of them."""
    found = [_is_of(cluster, options.mesh, gateway) for _, gateway in _gateways(cluster, route)]
    return bool(found) and not any(found)


def _admits(gateway: Tree, parent: Tree, namespace: str) -> bool:
    """Whether a listener lets routes of this namespace be attached; a selector may admit any."""
    is_home = gateway["metadata"]["namespace"] == namespace
    admitting = {"All", "Selector", "Same"} if is_home else {"All", "Selector"}
    section = parent.get("sectionName") if parent.get("kind", "Gateway") == "Gateway" else None
    return any(
        each.get("allowedRoutes", {}).get("namespaces", {}).get("from", "Same") in admitting
        for each in gateway.get("spec", {}).get("listeners", [])
        if section in {None, "", each["name"]}
    )


def _is_of(cluster: Cluster, mesh: Mesh, gateway: Tree) -> bool:
    """Whether this mesh serves the Gateway. Nobody serves one whose class does not exist."""
    name = gateway.get("spec", {}).get("gatewayClassName", "")
    found = cluster.find(GATEWAY_CLASS, "", name)
    controller = found["spec"]["controllerName"] if found else _CONTROLLERS[mesh]
    return bool(controller.startswith(_CONTROLLERS[mesh]))


def _gateway_place(cluster: Cluster, parent: Tree, namespace: str) -> tuple[str, str] | None:
    """Namespace and name of the Gateway behind this parent."""
    place = parent.get("namespace", namespace), parent["name"]
    if parent.get("kind", "Gateway") == "Gateway":
        return place
    # Routes of other namespaces are about their own clients there, and reach no waypoint.
    if place[0] != namespace:
        return None
    service = cluster.find(SERVICE, *place) or {"metadata": {}}
    labels = service["metadata"].get("labels", {})
    waypoint = labels.get(_USE_WAYPOINT)
    return (labels.get(_WAYPOINT_NAMESPACE, place[0]), waypoint) if waypoint else None


def _envoy(options: MeshOptions, gateway: Tree) -> MeshEnvoy:
    name, namespace = gateway["metadata"]["name"], gateway["metadata"]["namespace"]
    spec = gateway.get("spec", {})
    if options.mesh == "istio":
        if spec.get("gatewayClassName") == _WAYPOINT_CLASS:
            return make_envoy("waypoint", name, namespace)
        labels = {_GATEWAY_LABEL: name}
        return make_envoy(
            "gateway", name, namespace, labels=labels, trusted_hops=options.trusted_hops
        )
    listeners = [item["name"] for item in spec.get("listeners", []) if _has_http(item)]
    return make_envoy(
        "gateway", name, namespace, listeners=listeners, trusted_hops=options.trusted_hops
    )


def _has_http(listener: Tree) -> bool:
    return listener.get("protocol") in _WITH_HTTP


def _rules(options: MeshOptions, route: Tree, ref: TargetRef) -> list[str]:
    """The rules that tell requests of this target; an empty one stands for the whole route."""
    rules = route.get("spec", {}).get("rules", [])
    names = [rule.get("name") or str(number) for number, rule in enumerate(rules)]
    if options.mesh == "istio" and any(rule.get("name", "").isdecimal() for rule in rules):
        raise RefusedError(
            UNSUPPORTED_TARGET,
            f"{ref}: a rule has a number as its name; give it a name with a letter",
        )
    if not ref.section_name:
        # Istio tells only the name of a rule.
        return names if options.mesh == "istio" else [""]
    if ref.section_name not in names:
        raise RefusedError(
            TARGET_NOT_FOUND, f"{ref}: the route has no such rule; its rules are {names}"
        )
    if options.mesh == "envoy-gateway" and not any(
        rule.get("name") == ref.section_name for rule in rules
    ):
        raise RefusedError(
            UNSUPPORTED_TARGET,
            f"{ref}: Envoy Gateway does not tell the number of a rule; give the rule a name",
        )
    return [ref.section_name]
