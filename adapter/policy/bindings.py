# mypyc: compiled
"""Finds the API that a request belongs to, from what Envoy attests."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from adapter.policy.request.attributes import RequestAttributes, path_of
from adapter.policy.request.canonical_host import obstacle_in_host, without_final_dot
from adapter.policy.request.canonical_path import obstacle_in
from adapter.policy.verdicts import Deny, DenyReason

_WORKLOAD: Final = "spiffe://"
"""How the identity of a workload begins in a mesh (SPIFFE ID, 2)."""
_MESH_KINDS: Final = {"httproute": "HTTPRoute", "grpcroute": "GRPCRoute"}
"""Kinds of routes, as Envoy Gateway writes them in names and in metadata."""

UNBOUND: Final = Deny(
    DenyReason.API_UNBOUND,
    403,
    "This request belongs to no known API",
    detail="no api_id in the route's context_extensions and no binding matches",
)
NO_LISTED_DOMAINS: Final = Deny(
    DenyReason.API_UNBOUND,
    403,
    "This request belongs to no known API",
    detail="this Envoy has a workload's identity, so it accepts any host, and a client could "
    "choose its API by a binding with authority; use api_id, or bind by destination_principal",
)
"""At a sidecar the virtual host is `*`. It is never allowed, also if unbound requests are."""


@dataclass(frozen=True, slots=True)
class ApiBinding:
    """An operator's rule: requests with this route, destination, or host and path belong to an API.

    Exactly one of `route_name`, `route_metadata`, `authority` and the destination is set.
    `authority` is the request's host; it may be `*` or begin with `*.`, and `path_prefix` applies
    to it only. The destination is a principal, a port, or both.
    """

    api_id: str
    route_name: str = ""
    route_metadata: str = ""
    authority: str = ""
    path_prefix: str = "/"
    destination_principal: str = ""
    destination_port: int = 0


class BindingTable:
    """All bindings, prepared for lookup.

    The first of these that matches decides: the route's own `api_id`, the route's metadata, the
    route's name, the destination, then host and path. A rule of a route goes before the whole
    route, and principal and port together before either. An exact host goes before a wildcard, a
    longer wildcard before a shorter one, and a longer path prefix before a shorter one. Prefixes
    end at slashes: `/a` covers `/a/b` but not `/ab`.
    """

    def __init__(self, bindings: Iterable[ApiBinding] = ()) -> None:
        bindings = tuple(bindings)
        self._by_metadata = {b.route_metadata: b.api_id for b in bindings if b.route_metadata}
        self._by_route = {b.route_name: b.api_id for b in bindings if b.route_name}
        self._by_destination = {
            (b.destination_principal, b.destination_port): b.api_id
            for b in bindings
            if b.destination_principal or b.destination_port
        }
        self._by_authority = _by_authority(b for b in bindings if b.authority)
        self._wildcards = sorted(
            (a for a in self._by_authority if a.startswith("*")), key=len, reverse=True
        )

    def resolve(self, request: RequestAttributes) -> str | Deny:
        """The id of the API that a request belongs to, or the denial if it belongs to none."""
        return (
            request.api_id
            or self._of_route(request.route_metadata)
            or self._by_route.get(request.route_name)
            or self._at_destination(request)
            or self._by_host(request)
        )

    def of_mesh_route(self, route_name: str) -> str:
        """The id of the API whose route the mesh's control plane gave this name; empty if unknown.

        Envoy Gateway's names begin with `httproute/namespace/name/`, and those of Istio are
        `namespace.name.number` for routes of the Gateway API. They do not name the rule. So a route
        with a binding for one of its rules has no API as a whole.
        """
        for route in mesh_routes(route_name):
            if route in self._by_metadata and not self._has_rules(route):
                return self._by_metadata[route]
        return ""

    def _has_rules(self, route: str) -> bool:
        return any(bound.startswith(f"{route}#") for bound in self._by_metadata)

    def _of_route(self, metadata: str) -> str | None:
        if not metadata:
            return None
        return self._by_metadata.get(metadata) or self._by_metadata.get(metadata.partition("#")[0])

    def _at_destination(self, request: RequestAttributes) -> str | None:
        table = self._by_destination
        if not table:
            return None
        principal, port = request.destination_principal, request.destination_port
        return table.get((principal, port)) or table.get((principal, 0)) or table.get(("", port))

    def _by_host(self, request: RequestAttributes) -> str | Deny:
        if not self._by_authority:
            return UNBOUND
        if has_workload_identity(request):
            return NO_LISTED_DOMAINS
        # A hand-written Envoy may leave the dot there.
        obstacle = obstacle_in_host(without_final_dot(request.authority))
        if obstacle is not None:
            return obstacle
        host, path = normalized_authority(request.authority), path_of(request)
        for authority in (host, *(w for w in self._wildcards if _covers(w, host))):
            rules = self._by_authority.get(authority, ())
            obstacle = obstacle_in(path) if any(prefix for prefix, _ in rules) else None
            if obstacle is not None:
                return obstacle
            for prefix, api_id in rules:
                if _under(path, prefix):
                    return api_id
        return UNBOUND


def has_workload_identity(request: RequestAttributes) -> bool:
    """Whether the Envoy stands before a workload in a mesh, and not at the edge.

    Its virtual host covers all hosts, and it adds nothing to `x-forwarded-for`. So clients, which
    are other workloads, choose both.
    """
    return request.destination_principal.startswith(_WORKLOAD)


def mesh_routes(route_name: str) -> list[str]:
    """What a route with that name may be in `route_metadata`: see `BindingTable.of_mesh_route`."""
    kind, *names = route_name.split("/")
    if kind in _MESH_KINDS and len(names) > 2:
        return [f"{_MESH_KINDS[kind]}/{names[0]}/{names[1]}"]
    namespace, _, rest = route_name.partition(".")
    name, _, number = rest.rpartition(".")
    if not (name and number.isdecimal()):
        return []
    return [f"{kind}/{namespace}/{name}" for kind in _MESH_KINDS.values()]


def _by_authority(bindings: Iterable[ApiBinding]) -> Mapping[str, list[tuple[str, str]]]:
    table: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for binding in bindings:
        prefix = binding.path_prefix.rstrip("/")
        table[normalized_authority(binding.authority)].append((prefix, binding.api_id))
    for rules in table.values():
        rules.sort(key=lambda rule: len(rule[0]), reverse=True)
    return dict(table)


def normalized_authority(authority: str) -> str:
    """The host in lower case, without port and trailing dot; IPv6 literals keep their brackets."""
    host = authority.lower()
    head, bracket, rest = host.rpartition("]")
    name = (rest if bracket else host).partition(":")[0]
    return f"{head}{bracket}{name}".rstrip(".")


def _covers(wildcard: str, host: str) -> bool:
    return wildcard == "*" or (host.endswith(wildcard[1:]) and len(host) >= len(wildcard))


def _under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")
