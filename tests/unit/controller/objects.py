"""Objects of a cluster for tests, as short as they can be."""

from typing import Any

import yaml

from adapter.controller.core.cluster import Cluster
from adapter.controller.core.decision import Decision, decide
from adapter.controller.core.judgement import judge
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.resources import (
    API_BINDING,
    GATEWAY,
    GRPC_ROUTE,
    HTTP_ROUTE,
    ISTIO_GATEWAY,
    SERVICE,
    VIRTUAL_SERVICE,
    Resource,
)
from adapter.envoy_config.mesh import Mesh
from adapter.envoy_config.mesh.plan import AdapterService

Object = tuple[Resource, dict[str, Any]]


def made(resource: Resource, name: str, spec: dict[str, Any], namespace: str = "shop") -> Object:
    """An object."""
    metadata = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-of-{resource.plural}-{namespace}-{name}",
        "generation": 1,
        "creationTimestamp": "2026-11-28T12:00:00Z",
    }
    kind = {"apiVersion": resource.api_version, "kind": resource.kind}
    return resource, {**kind, "metadata": metadata, "spec": spec}


def binding(name: str, *targets: str, created: str = "2026-11-28T12:00:00Z", **spec: Any) -> Object:
    """An ApiBinding of targets such as `HTTPRoute/orders#items`; API 17 by default."""
    api = spec or {"apiId": "17"}
    content = made(API_BINDING, name, {**api, "targetRefs": [_reference(t) for t in targets]})
    content[1]["metadata"]["creationTimestamp"] = created
    return content


def _reference(text: str) -> dict[str, str]:
    kind, _, rest = text.partition("/")
    name, _, section = rest.partition("#")
    group = {"Service": "", "VirtualService": "networking.istio.io"}
    found = {"group": group.get(kind, "gateway.networking.k8s.io"), "kind": kind, "name": name}
    return {**found, "sectionName": section} if section else found


def gateway(name: str = "eg", class_name: str = "eg", namespace: str = "shop") -> Object:
    """A Gateway with one listener."""
    listeners = [{"name": "http", "protocol": "HTTP"}, {"name": "db", "protocol": "TCP"}]
    return made(GATEWAY, name, {"gatewayClassName": class_name, "listeners": listeners}, namespace)


def http_route(name: str, *rules: str, parent: dict[str, str] | None = None) -> Object:
    """An HTTPRoute of the Gateway `eg`, with rules of these names; an empty one has no name."""
    spec = {
        "parentRefs": [parent or {"name": "eg"}],
        "rules": [{"name": rule} if rule else {} for rule in rules or ("",)],
    }
    return made(HTTP_ROUTE, name, spec)


def grpc_route(name: str) -> Object:
    """A GRPCRoute of the Gateway `eg`."""
    return made(GRPC_ROUTE, name, {"parentRefs": [{"name": "eg"}], "rules": [{}]})


def service(name: str, namespace: str = "shop", **spec: Any) -> Object:
    """A Service with one port, of the pods with `app: NAME`."""
    usual = {"selector": {"app": name}, "ports": [{"name": "http", "port": 8080}]}
    return made(SERVICE, name, {**usual, **spec}, namespace)


def virtual_service(name: str, *rules: str, gateways: tuple[str, ...] = ("shop",)) -> Object:
    """A VirtualService with rules of these names."""
    spec = {"gateways": list(gateways), "http": [{"name": rule} for rule in rules]}
    return made(VIRTUAL_SERVICE, name, spec)


def istio_gateway(
    name: str = "shop", namespace: str = "shop", pods: str = "ingressgateway"
) -> Object:
    """A Gateway of Istio's own, for pods with `istio: PODS`."""
    return made(ISTIO_GATEWAY, name, {"selector": {"istio": pods}}, namespace)


def ingress_service(namespace: str = "istio-system", pods: str = "ingressgateway") -> Object:
    """The Service of Istio's ingress gateway."""
    return service("ingress", namespace, selector={"istio": pods, "app": "ingress"})


def options(mesh: Mesh = "envoy-gateway", **changes: Any) -> MeshOptions:
    """The options of a controller."""
    usual = {
        "controller": "main",
        "mesh": mesh,
        "adapter": AdapterService(),
        "header_prefix": "x-adapter-",
        "client_address_header": "x-adapter-client-address",
    }
    return MeshOptions(**(usual | changes))


def decided(
    mesh: Mesh, *objects: Object, answers: Any = None, live: Any = None, **changes: Any
) -> Decision:
    """What follows from these objects, and from those that were applied before (`live`)."""
    found, chosen = Cluster.of(objects), options(mesh, **changes)
    return decide(found, chosen, judge(found, chosen), answers or {}, live or {})


def shown(decision: Decision) -> list[str]:
    """The objects, as `KIND namespace/name`."""
    return [str(key) for key in decision.objects]


def reasons(decision: Decision) -> dict[str, str]:
    """The reason of each ApiBinding's condition Accepted, by its name."""
    return {key.name: acceptance.reason for key, acceptance in decision.acceptances.items()}


def bound(decision: Decision) -> list[dict[str, Any]]:
    """The adapter's bindings."""
    rows: list[dict[str, Any]] = yaml.safe_load(decision.bindings[1]["data"]["bindings.yaml"])
    return rows
