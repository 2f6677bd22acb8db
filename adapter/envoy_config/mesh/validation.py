"""Finds the mistakes in a mesh plan before they open an API to others."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from adapter.envoy_config.config import ApiRoute
from adapter.envoy_config.mesh.config import MeshConfig
from adapter.envoy_config.mesh.plan import Mesh, MeshApi, MeshEnvoy
from adapter.envoy_config.mesh.ways import binding_of
from adapter.envoy_config.validation import route_faults

_KINDS: Final[dict[Mesh, tuple[str, ...]]] = {
    "istio": ("gateway", "sidecar", "waypoint"),
    "envoy-gateway": ("gateway",),
    "gateway-api": ("gateway",),
}
_TARGETS: Final[dict[tuple[Mesh, str], frozenset[str]]] = {
    ("istio", "gateway"): frozenset({"route", "host", "tcp_port"}),
    ("istio", "sidecar"): frozenset({"", "principal", "port", "tcp_port"}),
    ("istio", "waypoint"): frozenset({"route"}),
    ("envoy-gateway", "gateway"): frozenset({"route", "host"}),
    ("gateway-api", "gateway"): frozenset({"host"}),
}
"""What may tell the API of a request there. The first of them is the best one to name."""
_LAST_PORT: Final = 65_535
_FIXES: Final = {
    "host": "clients choose the host there; name a route, or at a sidecar the port",
    "route": "there are no named routes; name a port or a host",
    "principal": "only sidecars are told apart by their certificates; name a route",
    "port": "ports with HTTP are told apart at sidecars only",
    "tcp_port": "the mesh does not ask about connections without HTTP there",
    "": "name one of route, host, port and tcp_port",
}


def faults(config: MeshConfig) -> Iterator[str]:
    """What is wrong, one line each, with the fix."""
    plan = config.plan
    if not config.apis:
        yield "envoys: name at least one Envoy with at least one API"
    if config.mesh == "gateway-api" and config.token is not None:
        yield "listener.token: the filter ExternalAuth cannot send it; leave it out"
    is_silent = config.serves_tls and plan.adapter.tls_ca_secret is None
    if config.mesh != "gateway-api" and is_silent:
        yield "adapter.tls_ca_secret: is missing, and the adapter serves TLS; name the Secret"
    for envoy in plan.envoys:
        for fault in _envoy_faults(config.mesh, envoy):
            yield f"{envoy.kind} {envoy.name}: {fault}"
    yield from _shared_names(plan.envoys)
    yield from _shared_pods(plan.envoys)
    yield from _shared_targets(config)
    yield from _address_faults(config)


def _envoy_faults(mesh: Mesh, envoy: MeshEnvoy) -> Iterator[str]:
    if envoy.kind not in _KINDS[mesh]:
        yield f"is not known to {mesh}; use --for istio"
        return
    if mesh == "istio" and envoy.kind != "waypoint" and not envoy.labels:
        yield "labels: is missing; name the labels of the pods, such as {istio: ingressgateway}"
    if mesh == "envoy-gateway" and not envoy.listeners:
        yield "listeners: is missing; name the listeners of the Gateway, such as [http]"
    for api in envoy.apis:
        for fault in _api_faults(mesh, envoy, api):
            yield f"API {api.api_id}: {fault}"
    if any(api.principal for api in envoy.apis) and any(map(_is_patched, envoy.apis)):
        yield "principal: Envoy names the other API on every request, too; give all a principal"
    hosts = [ApiRoute(a.api_id, "", (a.host,), a.path) for a in envoy.apis if a.host]
    yield from route_faults(hosts, services=False) if hosts else ()


def _api_faults(mesh: Mesh, envoy: MeshEnvoy, api: MeshApi) -> Iterator[str]:
    targets = ("route", "host", "principal", "tcp_port", *(() if api.principal else ("port",)))
    named = [name for name in targets if getattr(api, name)] or [""]
    if len(named) > 1:
        yield f"set only one of {' and '.join(named)}"
    elif named[0] not in _TARGETS[mesh, envoy.kind]:
        yield f"{named[0] or 'target'}: {_FIXES[named[0]]}"
    elif api.host == "*":
        yield "host: '*' lets clients choose their API; name the host, or a route"
    elif api.route:
        yield from _route_faults(mesh, envoy, api)
    elif api.principal and f"/ns/{envoy.namespace}/" not in api.principal:
        yield f"principal: pods in namespace {envoy.namespace} have other service accounts"
    if api.path != "/" and not api.host:
        yield "path: goes with host only; a route has paths of its own"
    if api.service_port and not api.port:
        yield "service_port: goes with port only; name the port of the pods, too"
    if int((api.service or ":0").partition(":")[2]) > _LAST_PORT:
        yield f"service: {api.service} names no port; the last one is {_LAST_PORT}"
    if (mesh == "gateway-api") != (api.service is not None):
        is_missing = api.service is None
        yield "service: is missing" if is_missing else "service: is for --for gateway-api only"


def _is_patched(api: MeshApi) -> bool:
    """Whether Envoy names this API at a sidecar."""
    return not api.principal and not api.tcp_port


def _route_faults(mesh: Mesh, envoy: MeshEnvoy, api: MeshApi) -> Iterator[str]:
    kind = api.target[0]
    if mesh == "envoy-gateway":
        if kind == "VirtualService":
            yield "route: a VirtualService is Istio's; name an HTTPRoute or GRPCRoute"
        if api.bind_by == "route_name":
            yield "bind_by: Envoy Gateway has a route name for each match; use route_metadata"
        return
    is_virtual = kind == "VirtualService"
    if envoy.kind == "waypoint" and (is_virtual or api.bind_by not in {None, "route_name"}):
        yield "route: a waypoint tells only the name of a rule; use HTTPRoute/NS/NAME#RULE"
    if not is_virtual and api.bind_by not in {None, "route_name"}:
        yield "bind_by: Istio tells only the name of an HTTPRoute's rule; use route_name"
    if not api.rule and (not is_virtual or api.bind_by in {"route_name", "context_extensions"}):
        yield f"route: name the rule, as in {api.route}#RULE; a number counts from 0"


def _shared_names(envoys: tuple[MeshEnvoy, ...]) -> Iterator[str]:
    places = [(envoy.namespace, envoy.name) for envoy in envoys]
    for namespace, name in sorted({place for place in places if places.count(place) > 1}):
        yield f"envoys: {name} is given twice in namespace {namespace}; choose another name"


def _shared_pods(envoys: tuple[MeshEnvoy, ...]) -> Iterator[str]:
    """Envoys whose pods get the objects of two entries, and could thus have two APIs."""
    labelled = [envoy for envoy in envoys if envoy.labels]
    for one, other in combinations(labelled, 2):
        if (one.kind, one.namespace) == (other.kind, other.namespace) and _have_pods(one, other):
            yield (
                f"envoys: {one.name} and {other.name} have some of the same pods in namespace "
                f"{one.namespace}; give them one entry, or labels that differ"
            )


def _have_pods(one: MeshEnvoy, other: MeshEnvoy) -> bool:
    """Whether both certainly have the same pods and, at sidecars, two APIs for the same port."""
    mine, theirs = one.labels.items(), other.labels.items()
    if one.kind == "gateway" or mine == theirs:
        return mine == theirs
    if len({api.api_id for api in (*one.apis, *other.apis)}) == 1:
        return False
    ports, others = _ports(one), _ports(other)
    return (mine < theirs or theirs < mine) and (None in ports | others or bool(ports & others))


def _ports(envoy: MeshEnvoy) -> set[int | None]:
    """The ports that have an API; None stands for all."""
    return {api.port or api.tcp_port for api in envoy.apis}


def _shared_targets(config: MeshConfig) -> Iterator[str]:
    """Two APIs with the same target. `route_faults` has compared the hosts of each Envoy."""
    taken: dict[str, tuple[MeshEnvoy, str]] = {}
    for envoy, api in config.apis:
        place = f"{envoy.namespace}/{envoy.name} {api.port or 'all ports'}"
        shown = api.route or (f"{api.host}{api.path}" if api.host else api.principal or place)
        # Istio's patches find a rule by its name alone.
        rule = f"rule {api.rule} of {place}" if config.mesh == "istio" and api.rule else shown
        target = str(binding_of(config.mesh, envoy, api) or rule)
        other, api_id = taken.setdefault(target, (envoy, api.api_id))
        if api_id != api.api_id and not (api.host and other is envoy):
            hint = "; rules need different names" if rule != shown else ""
            yield f"APIs {api_id} and {api.api_id} have the same target: {shown}{hint}"


def _address_faults(config: MeshConfig) -> Iterator[str]:
    hops = {envoy.trusted_hops for envoy in config.plan.envoys if envoy.kind == "gateway"}
    if len(hops) > 1 and config.plan.has_gateways_only:
        yield (
            "trusted_hops: the gateways differ, and requests.forwarded_for_position is one number; "
            "give gateways with other hops an adapter of their own"
        )
