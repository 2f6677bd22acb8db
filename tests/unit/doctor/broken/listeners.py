"""Listeners that do not ask the adapter, or too late."""

from tests.unit.doctor.broken.mistake import Broken
from tests.unit.doctor.configurations import Parts


def disabled(parts: Parts) -> None:
    """The filter runs only where a route asks for it, and none does."""
    parts.filters[1]["disabled"] = True
    for host in parts.hosts:
        for route in host["routes"]:
            del route["typed_per_filter_config"]


def by_http(parts: Parts) -> None:
    """A filter for another kind of server."""
    del parts.ext_authz["grpc_service"]
    parts.ext_authz["http_service"] = {}


def discovered_routes(parts: Parts) -> None:
    """Routes that only a running Envoy has."""
    del parts.manager["route_config"]
    parts.manager["rds"] = {"route_config_name": "elsewhere"}


def no_listener(parts: Parts) -> None:
    """An Envoy that listens nowhere."""
    parts.bootstrap["static_resources"]["listeners"] = []


BROKEN = (
    Broken("no_http_listener", no_listener),
    Broken("ext_authz_missing", lambda p: p.filters.pop(1)),
    Broken("ext_authz_http", by_http),
    Broken("ext_authz_disabled", disabled),
    Broken(
        "ext_authz_sampled",
        lambda p: p.ext_authz.update(filter_enabled={"default_value": {"numerator": 5}}),
    ),
    Broken(
        "ext_authz_conditional",
        lambda p: p.ext_authz.update(filter_enabled_metadata={"filter": "a"}),
    ),
    Broken("shadow_mode", lambda p: p.ext_authz.update(shadow_mode=True)),
    Broken("ext_authz_after_router", lambda p: p.filters.append(p.filters.pop(1))),
    Broken("changes_after_check", lambda p: p.add_filter("lua", 2)),
    Broken("cors_after_check", lambda p: p.add_filter("cors", 2)),
    Broken("cache_before_check", lambda p: p.add_filter("cache", 0)),
    Broken(
        "upgrade_unchecked",
        lambda p: p.manager["upgrade_configs"][0].update(filters=[p.filters[2]]),
    ),
    Broken("routes_unknown", discovered_routes),
)
