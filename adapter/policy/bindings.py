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

UNBOUND: Final = Deny(
    DenyReason.API_UNBOUND,
    403,
    "This request belongs to no known API",
    detail="no api_id in the route's context_extensions and no binding matches",
)


@dataclass(frozen=True, slots=True)
class ApiBinding:
    """An operator's rule: requests with this route, or this host and path, belong to this API.

    Exactly one of `route_name`, `route_metadata` and `authority` is set. `authority` is the
    request's host; it may be `*` or begin with `*.`, and `path_prefix` applies to it only.
    """

    api_id: str
    route_name: str = ""
    route_metadata: str = ""
    authority: str = ""
    path_prefix: str = "/"


class BindingTable:
    """All bindings, prepared for lookup.

    The first of these that matches decides: the route's own `api_id`, the route's metadata, the
    route's name, then host and path. An exact host goes before a wildcard, a longer wildcard before
    a shorter one, and a longer path prefix before a shorter one. Prefixes end at slashes: `/a`
    covers `/a/b` but not `/ab`.
    """

    def __init__(self, bindings: Iterable[ApiBinding] = ()) -> None:
        bindings = tuple(bindings)
        self._by_metadata = {b.route_metadata: b.api_id for b in bindings if b.route_metadata}
        self._by_route = {b.route_name: b.api_id for b in bindings if b.route_name}
        self._by_authority = _by_authority(b for b in bindings if b.authority)
        self._wildcards = sorted(
            (a for a in self._by_authority if a.startswith("*")), key=len, reverse=True
        )

    @property
    def trusts_authority(self) -> bool:
        """Whether the client's Host header can decide; safe only if Envoy lists the domains."""
        return bool(self._by_authority)

    def resolve(self, request: RequestAttributes) -> str | Deny:
        """The id of the API that a request belongs to, or the denial if it belongs to none."""
        return (
            request.api_id
            or self._by_metadata.get(request.route_metadata)
            or self._by_route.get(request.route_name)
            or self._by_host(request)
        )

    def _by_host(self, request: RequestAttributes) -> str | Deny:
        if not self._by_authority:
            return UNBOUND
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
