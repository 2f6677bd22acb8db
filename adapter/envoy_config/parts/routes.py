"""The routes: which API and which upstream a request belongs to."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from adapter.envoy_config.config import ApiRoute, EnvoyConfig
from adapter.envoy_config.parts.clusters import cluster_name
from adapter.envoy_config.parts.tree import Tree, typed

ROUTE_OPTIONS: Tree = {"ignore_port_in_host_matching": True}
"""Options of the route configuration. `shop.test:8080` is the host `shop.test`."""

NOT_CHECKED: Tree = {
    "envoy.filters.http.ext_authz": typed(
        "filters.http.ext_authz.v3.ExtAuthzPerRoute", {"disabled": True}
    )
}
"""The `typed_per_filter_config` of a route that Envoy serves without asking the adapter."""


def route_configuration(config: EnvoyConfig) -> Tree:
    """The route configuration, without its name."""
    return {**ROUTE_OPTIONS, "virtual_hosts": list(_virtual_hosts(config))}


def checked_routes(routes: Sequence[ApiRoute]) -> Iterator[tuple[str, ApiRoute, Tree]]:
    """Each domain, each of its routes, and the route's `typed_per_filter_config`.

    Routes with longer paths come first, because Envoy takes the first one that matches.
    """
    domains = _by_domain(routes)
    for domain, members in domains.items():
        by_path = any(_path_matters(route) for route in members)
        for route in sorted(members, key=lambda r: len(r.path_prefix), reverse=True):
            yield domain, route, _per_filter(route, by_host=len(domains) > 1, by_path=by_path)


def _virtual_hosts(config: EnvoyConfig) -> Iterator[Tree]:
    hosts: dict[str, list[Tree]] = {}
    for domain, route, per_filter in checked_routes(config.apis):
        hosts.setdefault(domain, []).append(_route(route, per_filter, config))
    for domain, routes in hosts.items():
        yield {"name": domain, "domains": [domain], "routes": routes}


def _by_domain(routes: Iterable[ApiRoute]) -> dict[str, list[ApiRoute]]:
    domains: dict[str, list[ApiRoute]] = {}
    for route in routes:
        for domain in route.domains:
            domains.setdefault(domain, []).append(route)
    return domains


def _path_matters(route: ApiRoute) -> bool:
    """Whether a path that the upstream reads differently could leave the API's prefix."""
    return route.path_prefix != "/" or route.upstream_prefix not in (None, "/")


def _per_filter(route: ApiRoute, *, by_host: bool, by_path: bool) -> Tree:
    # The header mutation filter sets the client's address.
    extensions = {"api_id": route.api_id, "client_address": "attested"}
    return context_extensions(extensions | chosen_by(path=by_path, host=by_host))


def chosen_by(*, path: bool, host: bool) -> dict[str, str]:
    """The extensions that say whether path or host decide which API a request belongs to."""
    by_path = {"api_chosen_by": "path"} if path else {}
    by_host = {"api_chosen_by_host": "true"} if host else {}
    return by_path | by_host


def context_extensions(extensions: Mapping[str, str]) -> Tree:
    """The `typed_per_filter_config` that sends these with each Check."""
    per_route = {"check_settings": {"context_extensions": dict(extensions)}}
    return {
        "envoy.filters.http.ext_authz": typed(
            "filters.http.ext_authz.v3.ExtAuthzPerRoute", per_route
        )
    }


def _route(route: ApiRoute, per_filter: Tree, config: EnvoyConfig) -> Tree:
    prefix = route.path_prefix.rstrip("/")
    action: Tree = {"cluster": cluster_name(route), **_rewriting(prefix, route.upstream_prefix)}
    if config.rewrite_host:
        action["host_rewrite_literal"] = route.upstream_host
    if route.grpc:
        # Without it, Envoy would end streams after 15 s.
        action["timeout"] = "0s"
    return {
        "name": route.name,
        "match": {"path_separated_prefix": prefix} if prefix else {"prefix": "/"},
        "route": action,
        "typed_per_filter_config": per_filter,
    }


def _rewriting(prefix: str, upstream_prefix: str | None) -> Tree:
    """The part of a route that replaces the matched prefix. The Check has the path before it."""
    if upstream_prefix is None:
        return {}
    replacement = upstream_prefix.rstrip("/")
    if replacement:
        return {"prefix_rewrite": replacement if prefix else f"{replacement}/"}
    # prefix_rewrite would make `//1` of `/orders/1`.
    pattern = {"pattern": {"regex": f"^{re.escape(prefix)}/?"}, "substitution": "/"}
    return {"regex_rewrite": pattern}
