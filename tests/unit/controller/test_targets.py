"""What each kind of target becomes in the mesh plan, and which targets cannot be bound."""

import json
from typing import Any

import pytest

from tests.rig.kubernetes_schemas import faults_of
from tests.unit.controller.objects import (
    Object,
    binding,
    bound,
    decided,
    gateway,
    grpc_route,
    http_route,
    ingress_service,
    istio_gateway,
    options,
    reasons,
    service,
    shown,
    virtual_service,
)


def _settings(*objects: Object, mesh: Any = "envoy-gateway") -> Any:
    return bound(decided(mesh, *objects))


def test_routes_of_envoy_gateway_are_told_by_their_metadata() -> None:
    """A whole route, a named rule, and a route of gRPC."""
    found = _settings(
        gateway(),
        http_route("orders", "items", ""),
        grpc_route("greeter"),
        binding("orders", "HTTPRoute/orders", "GRPCRoute/greeter"),
        binding("items", "HTTPRoute/orders#items", apiId="18"),
    )
    assert sorted((b["api_id"], b["route_metadata"]) for b in found) == [
        ("17", "GRPCRoute/shop/greeter"),
        ("17", "HTTPRoute/shop/orders"),
        ("18", "HTTPRoute/shop/orders#items"),
    ]


def test_all_objects_of_envoy_gateway_fit_their_schemas() -> None:
    """With the labels of the controller."""
    decision = decided("envoy-gateway", gateway(), http_route("o"), binding("o", "HTTPRoute/o"))
    assert [str(key.resource.kind) for key in decision.objects] == [
        *("Backend", "EnvoyProxy", "ClientTrafficPolicy", "SecurityPolicy", "EnvoyPatchPolicy")
    ]
    for content in decision.objects.values():
        assert content["metadata"]["labels"] == {
            "app.kubernetes.io/managed-by": "policy-adapter-controller",
            "policy-adapter.dev/controller": "main",
            "policy-adapter.dev/adapter-namespace": "adapter",
        }
        assert faults_of(content) == []


def test_rules_of_a_route_under_istio_have_their_names_or_numbers() -> None:
    """A rule that another ApiBinding names belongs to that one."""
    found = _settings(
        gateway(class_name="istio"),
        http_route("orders", "items", ""),
        binding("orders", "HTTPRoute/orders"),
        binding("items", "HTTPRoute/orders#items", apiId="18"),
        mesh="istio",
    )
    assert sorted((b["api_id"], b["route_name"]) for b in found) == [
        ("17", "shop.orders.1"),
        ("18", "items"),
    ]


def test_a_virtual_service_belongs_to_the_pods_of_its_gateway() -> None:
    """The EnvoyFilter is in the namespace of the Service that selects these pods."""
    decision = decided(
        "istio",
        istio_gateway(),
        istio_gateway("zoo"),
        ingress_service(),
        virtual_service("shop", "orders", gateways=("shop/zoo", "shop", "mesh", "absent")),
        binding("shop", "VirtualService/shop#orders"),
    )
    assert "EnvoyFilter istio-system/policy-adapter-shop-shop" in shown(decision)
    assert len(decision.objects) == 4
    assert all(faults_of(content) == [] for content in decision.objects.values())


def test_services_that_select_the_same_pods_are_one_workload() -> None:
    """The younger ApiBinding is refused, although its Service has another name."""
    decision = decided(
        "istio",
        service("orders"),
        service("alias", selector={"app": "orders"}),
        binding("first", "Service/orders"),
        binding("second", "Service/alias", created="2026-11-28T13:00:00Z", apiId="18"),
    )
    assert reasons(decision) == {"first": "Accepted", "second": "Conflicted"}


@pytest.mark.parametrize(
    ("targets", "second"),
    [
        (("Service/orders", "Service/canary"), "Conflicted"),
        (("Service/canary", "Service/orders"), "Conflicted"),
        (("Service/orders#http", "Service/canary"), "Conflicted"),
        (("Service/orders#http", "Service/canary#admin"), "Accepted"),
        (("Service/orders#http", "Service/canary#http"), "Conflicted"),
        (("Service/canary", "Service/stable"), "Accepted"),
    ],
)
def test_services_that_share_some_pods_cannot_both_be_bound(
    targets: tuple[str, str], second: str
) -> None:
    """The sidecars of these pods would have two APIs."""
    ports = [{"name": "http", "port": 80}, {"name": "admin", "port": 81}]
    decision = decided(
        "istio",
        service("orders", ports=ports),
        service("canary", ports=ports, selector={"app": "orders", "track": "canary"}),
        service("stable", ports=ports, selector={"app": "orders", "track": "stable"}),
        binding("first", targets[0]),
        binding("second", targets[1], created="2026-11-28T13:00:00Z", apiId="18"),
    )
    assert reasons(decision) == {"first": "Accepted", "second": second}


def test_a_port_goes_before_its_workload() -> None:
    """The patch of the port comes after that of the workload, because the last one wins."""
    decision = decided(
        "istio",
        service("orders", ports=[{"name": "http", "port": 80}, {"name": "admin", "port": 81}]),
        binding("port", "Service/orders#admin", apiId="18"),
        binding("workload", "Service/orders", created="2026-11-28T13:00:00Z"),
    )
    (envoy_filter,) = [c for c in decision.objects.values() if c["kind"] == "EnvoyFilter"]
    patches = [p for p in envoy_filter["spec"]["configPatches"] if p["applyTo"] == "VIRTUAL_HOST"]
    assert [json.dumps(p).count('"api_id": "18"') for p in patches] == [0, 1]


def test_a_port_has_a_number_at_the_service_and_one_at_the_pods() -> None:
    """Istio names the virtual host after the first, and rules match the second."""
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    decision = decided(
        "istio", service("orders", ports=ports), binding("port", "Service/orders#http")
    )
    by_kind = {content["kind"]: json.dumps(content) for content in decision.objects.values()}
    assert '"inbound|http|80"' in by_kind["EnvoyFilter"]
    assert '"ports": ["8080"]' in by_kind["AuthorizationPolicy"]


@pytest.mark.parametrize(
    ("mesh", "target", "others", "reason", "words"),
    [
        ("envoy-gateway", "HTTPRoute/absent", [], "TargetNotFound", "there is no HTTPRoute"),
        ("envoy-gateway", "HTTPRoute/o", [http_route("o")], "TargetNotFound", "parentRefs"),
        (
            *("envoy-gateway", "HTTPRoute/o#x", [http_route("o", "y"), gateway()]),
            *("TargetNotFound", "its rules are ['y']"),
        ),
        (
            *("envoy-gateway", "HTTPRoute/o#0", [http_route("o", ""), gateway()]),
            *("UnsupportedTarget", "give the rule a name"),
        ),
        (
            *("istio", "HTTPRoute/o#1", [http_route("o", "1", ""), gateway(class_name="istio")]),
            *("UnsupportedTarget", "a number as its name"),
        ),
        ("envoy-gateway", "Service/o", [service("o")], "OtherMesh", "bind a route"),
        ("istio", "Service/o", [service("o", ports=[])], "Invalid", "has no ports"),
        ("istio", "Service/o", [service("o", selector=None)], "UnsupportedTarget", "no selector"),
        ("istio", "Service/o#x", [service("o")], "TargetNotFound", "its ports: ['http']"),
        (
            *("istio", "Service/o#http"),
            [service("o", ports=[{"name": "http", "port": 80, "targetPort": "web"}])],
            *("UnsupportedTarget", "its targetPort 'web' is the name of a port"),
        ),
        (
            *("istio", "VirtualService/v", [virtual_service("v", gateways=("mesh",))]),
            *("UnsupportedTarget", "bind its Service instead"),
        ),
        (
            *("istio", "VirtualService/v", [virtual_service("v"), istio_gateway()]),
            *("TargetNotFound", "no Service selects the pods of its gateways (shop)"),
        ),
        (
            *("istio", "VirtualService/v#x"),
            [virtual_service("v", "y"), istio_gateway(), ingress_service()],
            *("TargetNotFound", "no rule (http[].name)"),
        ),
        (
            *("envoy-gateway", f"HTTPRoute/{'o' * 200}"),
            [http_route("o" * 200), gateway()],
            *("Invalid", "names have at most 63 characters there, routes 150"),
        ),
    ],
)
def test_targets_that_cannot_be_bound(
    mesh: Any, target: str, others: list[Object], reason: str, words: str
) -> None:
    """The reason is for programs, and the message names the fix."""
    decision = decided(mesh, *others, binding("b", target))
    (acceptance,) = decision.acceptances.values()
    assert (acceptance.status, acceptance.reason) == ("False", reason)
    assert words in acceptance.message
    assert decision.objects == {}


def test_all_faults_of_a_binding_are_told_at_once() -> None:
    """One message names both targets."""
    decision = decided("istio", binding("b", "HTTPRoute/one", "Service/two"))
    (acceptance,) = decision.acceptances.values()
    assert "HTTPRoute/one: there is no" in acceptance.message
    assert "Service/two: there is no" in acceptance.message


def test_trusted_hops_reach_the_gateways() -> None:
    """All gateways of a controller have the same number of proxies in front."""
    decision = decided(
        "envoy-gateway", gateway(), http_route("o"), binding("o", "HTTPRoute/o"), trusted_hops=2
    )
    (policy,) = [c for c in decision.objects.values() if c["kind"] == "ClientTrafficPolicy"]
    assert policy["spec"]["clientIPDetection"] == {"xForwardedFor": {"numTrustedHops": 2}}
    assert "between-us" not in repr(options(token="between-us"))
