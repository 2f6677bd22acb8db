"""Routes that are not checked, or as a request to another API."""

from typing import Any

from adapter.doctor import KnownBinding
from tests.unit.doctor.broken.mistake import Broken, Change
from tests.unit.doctor.configurations import EXTENSIONS, Parts, header_input

AUTHORITY = {"bindings": (KnownBinding(authority="shop.test"),)}

PER_ROUTE = f"{EXTENSIONS}filters.http.ext_authz.v3.ExtAuthzPerRoute"


def remove(tree: dict[str, Any], *names: str) -> None:
    """Leave these fields out."""
    for name in names:
        del tree[name]


def without_keys(key: str) -> Change:
    """Remove a key from the context_extensions of all routes."""

    def change(parts: Parts) -> None:
        for extensions in parts.every_extensions():
            extensions.pop(key, None)

    return change


def one_api(parts: Parts) -> None:
    """Only the route of API 1, which says nothing about its path."""
    del parts.hosts[1]
    del parts.hosts[0]["routes"][1]
    remove(parts.extensions, "api_chosen_by", "api_chosen_by_host")


def not_enabled(parts: Parts) -> None:
    """The filter runs only where a route asks for it, and one route does not."""
    parts.filters[1]["disabled"] = True
    del parts.route["typed_per_filter_config"]


def disabled(parts: Parts) -> None:
    """The filter runs only where a route asks for it, and none does."""
    parts.filters[1]["disabled"] = True
    for host in parts.hosts:
        for route in host["routes"]:
            del route["typed_per_filter_config"]


def redacted(parts: Parts) -> None:
    """An id that Envoy hides, on a route without a name that tells it."""
    parts.extensions["api_id"] = "[redacted]"
    del parts.route["name"]


def renamed_key(parts: Parts) -> None:
    """A configuration under the name of no filter."""
    configs = parts.route["typed_per_filter_config"]
    configs["ext_authz"] = {**parts.per_route, "check_settings": {}}


ALLOWING = {"allows_unbound": True}
NAME = "envoy.filters.http.ext_authz"
OFF = {"@type": f"{EXTENSIONS}filters.http.ext_authz.v3.ExtAuthzPerRoute", "disabled": True}


def disabled_for_host(parts: Parts) -> None:
    """A virtual host turns the filter off, and one of its routes says nothing else."""
    parts.hosts[0]["typed_per_filter_config"] = {NAME: OFF}
    del parts.route["typed_per_filter_config"]


def disabled_everywhere(parts: Parts) -> None:
    """The route configuration turns the filter off."""
    parts.manager["route_config"]["typed_per_filter_config"] = {NAME: OFF}
    for host in parts.hosts:
        for route in host["routes"]:
            del route["typed_per_filter_config"]


def wrapped_off(parts: Parts) -> None:
    """The filter is off by Envoy's general form for all filters."""
    kind = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
    off = {"@type": kind, "config": parts.per_route, "disabled": True}
    parts.route["typed_per_filter_config"] = {NAME: off}


def pattern(regex: str) -> dict[str, Any]:
    """A match by regular expression."""
    return {"safe_regex": {"regex": regex}}


def by_matcher(parts: Parts) -> None:
    """A virtual host whose routes are in the actions of a matcher."""
    host = parts.hosts[0]
    kinds = "type.googleapis.com/envoy.config.route.v3."
    first, *others = host.pop("routes")
    first["typed_per_filter_config"] = {NAME: {"@type": PER_ROUTE, "disabled": True}}
    one = {"name": "a", "typed_config": {"@type": f"{kinds}Route", **first}}
    several = {"name": "b", "typed_config": {"@type": f"{kinds}RouteList", "routes": others}}
    host["matcher"] = {
        "matcher_tree": {
            "input": header_input(":path"),
            "prefix_match_map": {"map": {"/orders": {"action": one}}},
        },
        "on_no_match": {"action": several},
    }


def weighted(**config: Any) -> Change:
    """A share of a route's requests with a configuration of its own for the filter."""

    def change(parts: Parts) -> None:
        old = parts.route["route"]["cluster"]
        typed = {"@type": PER_ROUTE, **config}
        new = {"name": old, "weight": 1, "typed_per_filter_config": {NAME: typed}}
        parts.route["route"] = {
            "weighted_clusters": {"clusters": [{"name": old, "weight": 9}, new]}
        }

    return change


def own_answer(parts: Parts) -> None:
    """A health page of Envoy's own, for which the adapter is asked."""
    page = {"match": {"path": "/health"}, "direct_response": {"status": 200}}
    parts.hosts[0]["routes"].insert(0, page)


BROKEN = (
    Broken("route_unchecked", lambda p: p.per_route.update(disabled=True)),
    Broken("route_not_covered", not_enabled),
    Broken("per_route_name", renamed_key),
    Broken("api_id_missing", lambda p: p.extensions.pop("api_id")),
    Broken("api_unknown", lambda _: None, adapter={"api_ids": frozenset({"1", "2"})}),
    Broken("api_ids_hidden", redacted),
    Broken("prefix_without_slash", lambda p: p.route.update(match={"prefix": "/orders"})),
    Broken("api_chosen_by_path", without_keys("api_chosen_by")),
    Broken("prefix_left", one_api),
    Broken("api_chosen_by_host", without_keys("api_chosen_by_host")),
    Broken(
        "binding_for_any_host", lambda p: p.every_extensions()[2].pop("api_id"), adapter=AUTHORITY
    ),
    Broken("route_unchecked", disabled_for_host),
    Broken("route_unchecked", disabled_everywhere),
    Broken("route_unchecked", wrapped_off),
    Broken("route_unchecked", lambda p: p.per_route.update(disabled="true")),
    Broken("route_unchecked", by_matcher),
    Broken("weighted_cluster_unchecked", weighted(disabled=True)),
    Broken(
        "weighted_cluster_settings", weighted(check_settings={"context_extensions": {"a": "b"}})
    ),
    Broken(
        "route_asks_elsewhere",
        lambda p: p.per_route["check_settings"].update(
            grpc_service={"envoy_grpc": {"cluster_name": "other"}}
        ),
    ),
    Broken("own_answer_denied", own_answer),
    Broken("prefix_without_slash", lambda p: p.route.update(match=pattern("/orders.*"))),
    Broken("route_shadowed", lambda p: p.hosts[0]["routes"].reverse()),
    Broken("unbound_allowed", lambda p: p.extensions.pop("api_id"), adapter=ALLOWING),
    Broken(
        "api_chosen_by_host",
        lambda p: p.extensions.update(api_chosen_by_host="True"),
    ),
    Broken("cluster_header", lambda p: p.route.update(route={"cluster_header": "x-version"})),
)
