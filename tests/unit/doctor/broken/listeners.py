"""Listeners that do not ask the adapter, or too late."""

from copy import deepcopy

from tests.unit.doctor.broken.mistake import Broken
from tests.unit.doctor.configurations import EXTENSIONS, Parts, header_input


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


def without_provider(parts: Parts) -> None:
    """What Istio makes of an AuthorizationPolicy with an unknown provider."""
    policies = {"default-deny-all-due-to-bad-CUSTOM-action": {"permissions": [{"any": True}]}}
    parts.add_filter("rbac", 1, rules={"action": "DENY", "policies": policies})


def discovered_routes(parts: Parts) -> None:
    """Routes that only a running Envoy has."""
    del parts.manager["route_config"]
    parts.manager["rds"] = {"route_config_name": "elsewhere"}


def no_listener(parts: Parts) -> None:
    """An Envoy that listens nowhere."""
    parts.bootstrap["static_resources"]["listeners"] = []


def other_listener(parts: Parts) -> None:
    """A way to a service that no filter sees."""
    proxy = {"@type": f"{EXTENSIONS}filters.network.tcp_proxy.v3.TcpProxy", "cluster": "a"}
    parts.bootstrap["static_resources"]["listeners"].append(
        {"name": "tcp", "filter_chains": [{"filters": [{"typed_config": proxy}]}]}
    )


def second_listener(parts: Parts) -> None:
    """A second one for plain HTTP, without the filter."""
    copied = deepcopy(parts.listener)
    copied["name"] = "plain"
    del copied["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"][1]
    parts.bootstrap["static_resources"]["listeners"].append(copied)


def wrapped_chain(parts: Parts) -> None:
    """A default filter chain without the filter, in the form that control planes send."""
    copied = deepcopy(parts.chain)
    manager = copied["filters"][0]["typed_config"]
    del manager["http_filters"][1]
    copied["filters"][0]["typed_config"] = {
        "@type": "type.googleapis.com/xds.type.v3.TypedStruct",
        "type_url": manager.pop("@type"),
        "value": manager,
    }
    parts.listener["default_filter_chain"] = copied


SKIP = {
    "name": "skip",
    "typed_config": {"@type": f"{EXTENSIONS}filters.common.matcher.action.v3.SkipFilter"},
}
MATCHER = {
    "matcher_list": {
        "matchers": [
            {
                "predicate": {
                    "single_predicate": {
                        "input": header_input("x-skip"),
                        "value_match": {"exact": "1"},
                    }
                },
                "on_match": {"action": SKIP},
            }
        ]
    }
}


def skipped(parts: Parts, at: int) -> None:
    """A filter that a header of the client turns off."""
    inner = parts.filters[at]["typed_config"]
    parts.filters[at]["typed_config"] = {
        "@type": f"{EXTENSIONS}common.matching.v3.ExtensionWithMatcher",
        "extension_config": {"name": "inner", "typed_config": inner},
        "xds_matcher": MATCHER,
    }


def skipped_on_route(parts: Parts) -> None:
    """The same, by what a route says."""
    kind = f"{EXTENSIONS}common.matching.v3.ExtensionWithMatcherPerRoute"
    configs = {"envoy.filters.http.ext_authz": {"@type": kind, "xds_matcher": MATCHER}}
    parts.hosts[0]["typed_per_filter_config"] = configs


def discovered_hosts(parts: Parts) -> None:
    """Virtual hosts that Envoy asks for when it needs them."""
    parts.manager["route_config"]["vhds"] = {"config_source": {"ads": {}}}


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
    Broken("istio_refuses_all", without_provider),
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
    Broken("listener_without_http", other_listener),
    Broken("ext_authz_missing", second_listener),
    Broken(
        "connect_upgrade",
        lambda p: p.manager["upgrade_configs"].append({"upgrade_type": "CONNECT"}),
    ),
    Broken(
        "changes_after_check",
        lambda p: p.filters.insert(1, p.filters.pop(0)),
        more={"address_not_overwritten", "identity_headers"},
    ),
    Broken("ext_authz_missing", wrapped_chain),
    Broken("ext_authz_skipped", lambda p: skipped(p, 1)),
    Broken("ext_authz_skipped", skipped_on_route),
    Broken("identity_headers", lambda p: skipped(p, 0), more={"address_not_overwritten"}),
    Broken("routes_unknown", discovered_hosts),
    Broken("shadow_mode", lambda p: p.ext_authz.update(shadow_mode="true")),
    Broken(
        "ext_authz_sampled",
        lambda p: p.ext_authz.update(filter_enabled={"default_value": {"numerator": "5"}}),
    ),
)
