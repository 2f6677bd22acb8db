"""Routes that are not checked, or as a request to another API."""

from typing import Any

from adapter.doctor import KnownBinding
from tests.unit.doctor.broken.mistake import Broken, Change
from tests.unit.doctor.configurations import Parts

AUTHORITY = {"bindings": (KnownBinding(authority="shop.test"),)}


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
)
