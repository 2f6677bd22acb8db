"""Filters and access loggers that have nothing to do with the adapter are left alone."""

from copy import deepcopy
from typing import Any

import pytest

from tests.unit.doctor.configurations import EXTENSIONS, Parts, known


def test_another_ext_authz_filter() -> None:
    """It may do as it likes; ours is the one that names APIs or sends our metadata."""
    parts = Parts()
    other = deepcopy(parts.filters[1])
    other["name"] = "opa"
    other["typed_config"] = {
        "@type": other["typed_config"]["@type"],
        "failure_mode_allow": True,
        "grpc_service": {"envoy_grpc": {"cluster_name": "opa"}},
    }
    for at in (1, 2):
        with_both = Parts()
        with_both.filters.insert(at, other)
        assert with_both.findings() == []
    with_both.filters.pop(1)
    codes = {finding.code for finding in with_both.findings()}
    assert {"failure_mode_allow", "cluster_missing", "per_route_name"} <= codes


def test_another_access_logger() -> None:
    """It goes to other servers, in a cluster of its own."""
    parts = Parts()
    other = deepcopy(parts.manager["access_log"][0])
    service = other["typed_config"]["common_config"]["grpc_service"]
    service["envoy_grpc"]["cluster_name"] = "collector"
    other["typed_config"].pop("additional_response_headers_to_log")
    parts.manager["access_log"].insert(0, other)
    assert parts.findings() == []


def test_a_listener_that_only_redirects() -> None:
    """The doctor has no check for it."""
    parts = Parts()
    plain = deepcopy(parts.listener)
    plain["name"] = "plain"
    manager = plain["filter_chains"][0]["filters"][0]["typed_config"]
    manager["http_filters"] = [manager["http_filters"][2]]
    manager["route_config"] = {
        "virtual_hosts": [
            {
                "domains": ["*"],
                "routes": [{"match": {"prefix": "/"}, "redirect": {"https_redirect": True}}],
            }
        ]
    }
    parts.bootstrap["static_resources"]["listeners"].append(plain)
    assert parts.findings() == []


def test_routes_that_envoy_answers_itself() -> None:
    """A health page without a Check, at a path of its own."""
    parts = Parts()
    parts.hosts[0]["routes"].insert(
        0,
        {
            "match": {"path": "/health"},
            "direct_response": {"status": 200},
            "typed_per_filter_config": {"envoy.filters.http.ext_authz": {"disabled": True}},
        },
    )
    assert parts.findings() == []


def test_a_filter_that_is_on_only_for_some_routes() -> None:
    """As Envoy Gateway writes it, in a wrapper that control planes use."""
    parts = Parts()
    parts.filters[1]["disabled"] = True
    kind = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
    for host in parts.hosts:
        for route in host["routes"]:
            configs = route["typed_per_filter_config"]
            configs["envoy.filters.http.ext_authz"] = {
                "@type": kind,
                "config": configs["envoy.filters.http.ext_authz"],
            }
    assert parts.findings() == []


def test_a_filter_inside_a_matcher() -> None:
    """Envoy then runs it for some requests; the doctor looks at its configuration."""
    parts = Parts()
    inner = parts.filters[1]["typed_config"]
    inner["failure_mode_allow"] = True
    parts.filters[1]["typed_config"] = {
        "@type": f"{EXTENSIONS}common.matching.v3.ExtensionWithMatcher",
        "extension_config": {"name": "inner", "typed_config": inner},
    }
    assert [finding.code for finding in parts.findings()] == ["failure_mode_allow"]


@pytest.mark.parametrize(
    "log_format",
    [
        {"text_format": "%ROUTE_NAME% %START_TIME(%Y-%m-%d)% 100%% %REQ(:path):20%"},
        {"json_format": {"a": {"b": "%RESPONSE_CODE%"}, "c": 1}},
    ],
)
def test_format_strings_that_envoy_can_read(log_format: dict[str, Any]) -> None:
    """Parameters, lengths and escaped percent signs."""
    parts = Parts()
    kind = f"{EXTENSIONS}access_loggers.file.v3.FileAccessLog"
    logger = {"name": "file", "typed_config": {"@type": kind, "log_format": log_format}}
    parts.manager["access_log"].append(logger)
    assert parts.findings() == []


@pytest.mark.parametrize(
    ("listens", "address"),
    [
        ("0.0.0.0:9002", None),
        ("unix:/run/a.sock", {"pipe": {"path": "/run/a.sock"}}),
        ("unix-abstract:a", {"pipe": {"path": "@a"}}),
    ],
)
def test_endpoints_that_lead_to_the_listener(listens: str, address: dict[str, Any] | None) -> None:
    """One of several is enough, because each adapter has its own settings."""
    parts = Parts()
    if address:
        for cluster in parts.bootstrap["static_resources"]["clusters"][:2]:
            first = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]
            first["endpoint"]["address"] = address
    assert parts.findings(known(listens=listens)) == []


def test_a_matcher_may_name_its_routes_in_any_order() -> None:
    """Its own conditions choose, so a route with a short path hides no other."""
    parts = Parts()
    kind = "type.googleapis.com/envoy.config.route.v3.Route"
    routes = reversed(parts.hosts[0].pop("routes"))
    actions = [{"action": {"typed_config": {"@type": kind, **route}}} for route in routes]
    parts.hosts[0]["matcher"] = {"matcher_list": {"matchers": actions}}
    assert parts.findings() == []
