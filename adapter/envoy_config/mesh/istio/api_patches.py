"""The patches by which Envoy names the API of a request, where a route or a port tells it."""

from collections.abc import Iterator

from adapter.envoy_config.mesh.istio.patches import INBOUND, patch, typed_patch
from adapter.envoy_config.mesh.plan import MeshApi, MeshEnvoy
from adapter.envoy_config.mesh.ways import choice_of, is_named_by_envoy, tcp_route_name
from adapter.envoy_config.parts.routes import context_extensions
from adapter.envoy_config.parts.tree import Tree, token_metadata


def named_apis(envoy: MeshEnvoy) -> Iterator[Tree]:
    """One patch for each API whose id Envoy sends with the Check, and one for all of a gateway."""
    if envoy.kind == "gateway" and (choice := choice_of(envoy)):
        value = {"typed_per_filter_config": context_extensions(choice)}
        yield patch("VIRTUAL_HOST", {"context": INBOUND[envoy.kind]}, value)
    for api in envoy.apis:
        if is_named_by_envoy("istio", api):
            value = {"typed_per_filter_config": context_extensions({"api_id": api.api_id})}
            yield patch(*_place(envoy, api), value)


def _place(envoy: MeshEnvoy, api: MeshApi) -> tuple[str, Tree]:
    """A route of a gateway, or the virtual host of a workload's port."""
    context = INBOUND[envoy.kind]
    if api.route:
        host: Tree = {"vhost": {"route": {"name": api.rule}}}
        return "HTTP_ROUTE", {"context": context, "routeConfiguration": host}
    if api.port is None:
        return "VIRTUAL_HOST", {"context": context}
    # Istio names the host after the Service's port, while its rules match that of the pods.
    host = {"vhost": {"name": f"inbound|http|{api.service_port or api.port}"}}
    return "VIRTUAL_HOST", {"context": context, "routeConfiguration": host}


def tcp_ports(token: str | None, envoy: MeshEnvoy) -> Iterator[Tree]:
    """One patch for each port without HTTP: a constant takes the place of the route's name."""
    for api in envoy.apis:
        if api.tcp_port is not None:
            metadata = check_metadata(token, tcp_route_name(envoy, api.tcp_port))
            yield typed_patch(
                "NETWORK_FILTER",
                _tcp_filter(envoy, api.tcp_port, "envoy.filters.network.ext_authz"),
                "filters.network.ext_authz.v3.ExtAuthz",
                {"grpc_service": metadata},
            )


def tcp_logs(logger: Tree, envoy: MeshEnvoy) -> Iterator[Tree]:
    """One patch for each port without HTTP: its connections are reported, too."""
    for api in envoy.apis:
        if api.tcp_port is not None:
            yield typed_patch(
                "NETWORK_FILTER",
                _tcp_filter(envoy, api.tcp_port, "envoy.filters.network.tcp_proxy"),
                "filters.network.tcp_proxy.v3.TcpProxy",
                {"access_log": [logger]},
            )


def _tcp_filter(envoy: MeshEnvoy, port: int, name: str) -> Tree:
    listener = {"portNumber": port, "filterChain": {"filter": {"name": name}}}
    return {"context": INBOUND[envoy.kind], "listener": listener}


def check_metadata(token: str | None, route_name: str) -> Tree:
    """What Envoy sends beside each Check: the token, and the name of the route."""
    sent = token_metadata(token).get("initial_metadata", [])
    return {"initial_metadata": [*sent, {"key": "x-route-name", "value": route_name}]}
