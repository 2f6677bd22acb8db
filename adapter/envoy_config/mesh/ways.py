"""How a Check says which API it is about: by the route itself, or by a binding of the adapter."""

from typing import Final

from adapter.envoy_config.mesh.plan import Mesh, MeshApi, MeshEnvoy, WayToBind
from adapter.envoy_config.parts.routes import chosen_by
from adapter.envoy_config.parts.tree import Tree

_VIRTUAL_SERVICE: Final = "/apis/networking.istio.io/v1/namespaces/{}/virtual-service/{}"


def is_named_by_envoy(mesh: Mesh, api: MeshApi) -> bool:
    """Whether Envoy sends the API's id with each Check, so that the adapter needs no binding."""
    if api.route:
        return _way(mesh, api) == "context_extensions"
    return not (api.host or api.principal or api.tcp_port)


def choice_of(envoy: MeshEnvoy) -> dict[str, str]:
    """The context extensions that say what decides about the API on all routes of a gateway."""
    return chosen_by(path="path" in envoy.routes_by, host="host" in envoy.routes_by)


def binding_of(mesh: Mesh, envoy: MeshEnvoy, api: MeshApi) -> Tree:
    """The entry in `requests.bindings`, without the API; empty if it needs none."""
    if is_named_by_envoy(mesh, api):
        return {}
    if api.host:
        return {"authority": api.host, "path_prefix": api.path}
    if api.principal:
        port = {"destination_port": api.port} if api.port else {}
        return {"destination_principal": api.principal, **port}
    if api.tcp_port:
        return {"route_name": tcp_route_name(envoy, api.tcp_port)}
    if _way(mesh, api) == "route_metadata":
        return {"route_metadata": _metadata(mesh, api)}
    return {"route_name": istio_route_name(api)}


def tcp_route_name(envoy: MeshEnvoy, port: int) -> str:
    """What Envoy sends as the name of a route where there are no routes."""
    return f"tcp-{envoy.namespace}-{envoy.name}-{port}"


def _way(mesh: Mesh, api: MeshApi) -> WayToBind:
    if api.bind_by:
        return api.bind_by
    if mesh == "envoy-gateway":
        return "route_metadata"
    if api.target[0] == "VirtualService":
        return "context_extensions" if api.rule else "route_metadata"
    return "route_name"


def _metadata(mesh: Mesh, api: MeshApi) -> str:
    """What Envoy's metadata says about the route, as the adapter writes it."""
    _, namespace, name = api.target
    return api.route or "" if mesh == "envoy-gateway" else _VIRTUAL_SERVICE.format(namespace, name)


def istio_route_name(api: MeshApi) -> str:
    """Istio's name of the route: that of the rule, or one with the rule's number."""
    kind, namespace, name = api.target
    is_number = kind != "VirtualService" and api.rule.isdecimal()
    return f"{namespace}.{name}.{api.rule}" if is_number else api.rule
