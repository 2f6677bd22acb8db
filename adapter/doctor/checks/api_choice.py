"""Whether the API that a request belongs to depends on what the client may write in two ways."""

import re
from collections.abc import Iterable, Iterator

from adapter.doctor.check import Check, Spot, per_route
from adapter.doctor.checks.routes import api_of, extensions
from adapter.doctor.fields import text, tree
from adapter.doctor.finding import Place, Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import API_ID, REDACTED, Chain, Envoy, Route, VirtualHost

_BY_PATH = ("api_chosen_by", "path")
_BY_HOST = ("api_chosen_by_host", "true")
# Such as /orders.*, with a plain path before the end.
_OPEN_PATTERN = re.compile(r"\^?([\w/-]*\w)\.[*+]\$?")


def _open_prefix(route: Route, _: VirtualHost, __: Chain, ___: KnownAdapter) -> str | None:
    prefix = text(route.match, "prefix")
    pattern = _OPEN_PATTERN.fullmatch(text(tree(route.match, "safe_regex"), "regex"))
    prefix = pattern[1] if pattern else prefix
    return f"{prefix} also matches {prefix}X" if prefix and not prefix.endswith("/") else None


def _shadowed(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    for chain in envoy.chains:
        for host in chain.hosts if chain.askers else ():
            seen: set[str] = set()
            # A matcher chooses among its routes, so their order does not count.
            for route in () if "matcher" in host.config else host.routes:
                if route.forwards and any(_covers(prefix, route) for prefix in seen):
                    yield chain.place_of(host, route), ""
                if not route.match.keys() - {"prefix", "path_separated_prefix"}:
                    seen.add(_path(route))


def _path(route: Route) -> str:
    match = route.match
    separated = text(match, "path_separated_prefix")
    return f"{separated}/" if separated else text(match, "prefix") or text(match, "path")


def _covers(prefix: str, route: Route) -> bool:
    return bool(prefix) and _path(route).startswith(prefix)


def _by_path(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    for chain in envoy.chains:
        for host in chain.hosts:
            if _path_decides(host, chain):
                yield from _silent(chain, [(host, route) for route in host.routes], _BY_PATH)


def _by_host(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    for chain in envoy.chains:
        if len(chain.hosts) > 1 and _differ([route for __, route in chain.routes], chain):
            yield from _silent(chain, chain.routes, _BY_HOST)


def _leaves_prefix(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    for chain in envoy.chains:
        for host in chain.hosts:
            if not _path_decides(host, chain):
                limited = [(host, route) for route in host.routes if _has_prefix(route)]
                yield from _silent(chain, limited, _BY_PATH)


def _path_decides(host: VirtualHost, chain: Chain) -> bool:
    """Whether the path decides which API a request to this host belongs to."""
    paths = {_path_of(route) for route in host.routes if route.forwards}
    return len(paths) > 1 and _differ(host.routes, chain)


def _differ(routes: Iterable[Route], chain: Chain) -> bool:
    """Whether the routes belong to more than one API; redacted ids count as different."""
    ids = [api_of(route, chain) for route in routes if route.forwards]
    return len(set(ids)) > 1 or (len(ids) > 1 and REDACTED in ids)


def _path_of(route: Route) -> str:
    kinds = ("prefix", "path_separated_prefix", "path", "safe_regex", "path_match_policy")
    return str([route.match.get(kind) for kind in kinds])


def _has_prefix(route: Route) -> bool:
    kinds = ("prefix", "path_separated_prefix")
    return any(text(route.match, kind).rstrip("/") for kind in kinds)


def _silent(
    chain: Chain, routes: Iterable[tuple[VirtualHost, Route]], said: tuple[str, str]
) -> Iterator[Spot]:
    """The routes to an API whose `context_extensions` do not say this."""
    name, value = said
    for host, route in routes:
        found = extensions(route, chain)
        is_said = found.get(name) in {value, REDACTED}
        if route.forwards and API_ID in found and not is_said:
            yield chain.place_of(host, route), ""


def _any_host(envoy: Envoy, adapter: KnownAdapter) -> Iterator[Spot]:
    if not any(b.authority for b in adapter.bindings):
        return
    for chain in envoy.chains:
        for host in chain.hosts if chain.askers else ():
            unnamed = [r for r in host.routes if r.forwards and not api_of(r, chain)]
            if "*" in host.domains and unnamed:
                yield Place(chain.listener, chain.label, virtual_host=host.name), ""


CHECKS = (
    Check(
        "prefix_without_slash",
        Severity.WARNING,
        "The prefix or pattern does not end at a segment, so it matches other paths as well.",
        "Use path_separated_prefix.",
        per_route(_open_prefix),
    ),
    Check(
        "route_shadowed",
        Severity.WARNING,
        "An earlier route matches all requests of this one, which Envoy therefore never uses.",
        "Put routes with longer paths before those with shorter ones.",
        _shadowed,
    ),
    Check(
        "api_chosen_by_path",
        Severity.ERROR,
        "The path decides about the API, and with ; or percent-encoding a client can reach a "
        "service through another API.",
        "Add api_chosen_by: path to the context_extensions of all routes of the virtual host.",
        _by_path,
    ),
    Check(
        "prefix_left",
        Severity.WARNING,
        "With ;, percent-encoding or dots a client can reach paths of the service outside of the "
        "route's prefix.",
        "Add api_chosen_by: path to the route's context_extensions.",
        _leaves_prefix,
    ),
    Check(
        "api_chosen_by_host",
        Severity.ERROR,
        "The host decides about the API, and with an odd host a client can reach a service through "
        "another API.",
        'Add api_chosen_by_host: "true" to the context_extensions of all routes.',
        _by_host,
    ),
    Check(
        "binding_for_any_host",
        Severity.ERROR,
        "The settings bind APIs by authority, and this virtual host accepts every host, so clients "
        "choose their API.",
        "List the bound hosts in domains, or add api_id to the routes.",
        _any_host,
    ),
)
