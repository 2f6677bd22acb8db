"""Which Gateways ask the adapter because of a bound route."""

from typing import Any

import pytest

from adapter.controller.core.resources import GATEWAY_CLASS
from tests.unit.controller.objects import (
    Object,
    binding,
    decided,
    gateway,
    http_route,
    ingress_service,
    istio_gateway,
    made,
    reasons,
    service,
    virtual_service,
)


@pytest.mark.parametrize(
    ("mesh", "own", "other"),
    [
        ("istio", "istio.io/gateway-controller", "gateway.envoyproxy.io/gatewayclass-controller"),
        ("envoy-gateway", "gateway.envoyproxy.io/shop", "istio.io/gateway-controller"),
    ],
)
def test_gateways_of_other_implementations_are_not_ours(mesh: Any, own: str, other: str) -> None:
    """Objects for them would have no effect, and the status would say that all is well."""
    objects = [gateway(class_name="shared"), http_route("o", "x"), binding("b", "HTTPRoute/o")]
    for controller, reason in ((own, "Accepted"), (other, "OtherMesh")):
        shared = made(GATEWAY_CLASS, "shared", {"controllerName": controller}, "")
        assert reasons(decided(mesh, *objects, shared)) == {"b": reason}


@pytest.mark.parametrize(
    ("allowed", "section", "reason"),
    [
        (None, None, "TargetNotFound"),
        ("Same", None, "TargetNotFound"),
        ("None", None, "TargetNotFound"),
        ("Selector", None, "Accepted"),
        ("All", None, "Accepted"),
        ("All", "http", "Accepted"),
        ("All", "db", "TargetNotFound"),
    ],
)
def test_gateways_of_other_namespaces_ask_only_for_routes_that_they_allow(
    allowed: str | None, section: str | None, reason: str
) -> None:
    """Otherwise any team could make any Gateway ask, which then refuses unbound routes."""
    shared = gateway("shared", namespace="infra")
    if allowed:
        shared[1]["spec"]["listeners"][0]["allowedRoutes"] = {"namespaces": {"from": allowed}}
    parent = {"name": "shared", "namespace": "infra"} | (
        {"sectionName": section} if section else {}
    )
    route = http_route("o", parent=parent)
    assert reasons(decided("envoy-gateway", shared, route, binding("b", "HTTPRoute/o"))) == {
        "b": reason
    }


def test_a_route_of_another_namespace_reaches_no_waypoint() -> None:
    """Istio takes it for a rule about clients of that namespace."""
    labelled = service("orders", "pay")
    labelled[1]["metadata"]["labels"] = {"istio.io/use-waypoint": "waypoint"}
    parent = {"kind": "Service", "group": "", "name": "orders", "namespace": "pay"}
    waypoint = gateway("waypoint", "istio-waypoint", "pay")
    waypoint[1]["spec"]["listeners"][0]["allowedRoutes"] = {"namespaces": {"from": "All"}}
    decision = decided(
        "istio", waypoint, labelled, http_route("o", "", parent=parent), binding("b", "HTTPRoute/o")
    )
    assert reasons(decision) == {"b": "TargetNotFound"}


def _asking(*objects: Object) -> list[str]:
    """The values of the label `istio` of the gateways that ask the adapter."""
    policies = [
        content
        for content in decided("istio", *objects).objects.values()
        if content["kind"] == "AuthorizationPolicy"
    ]
    return sorted(p["spec"]["selector"]["matchLabels"]["istio"] for p in policies)


def test_two_gateways_of_one_name_both_ask() -> None:
    """Their pods differ, but are in one namespace."""
    both = [
        (
            istio_gateway("gw", team, pods=team),
            service(team, "istio-system", selector={"istio": team}),
            virtual_service(team, gateways=(f"{team}/gw",)),
            binding(team, f"VirtualService/{team}"),
        )
        for team in ("private", "public")
    ]
    assert _asking(*both[0], *both[1]) == ["private", "public"]


def test_gateways_whose_objects_would_have_one_name_are_not_mixed() -> None:
    """The younger ApiBinding is told to choose another name."""
    decision = decided(
        "istio",
        *(istio_gateway("b-gw", "a", pods="one"), istio_gateway("gw", "a-b", pods="two")),
        *(ingress_service(pods="one"), service("two", "istio-system", selector={"istio": "two"})),
        virtual_service("v", gateways=("a/b-gw",)),
        virtual_service("w", gateways=("a-b/gw",)),
        binding("v", "VirtualService/v"),
        binding("w", "VirtualService/w", created="2026-11-28T13:00:00Z", apiId="18"),
    )
    assert reasons(decision) == {"v": "Accepted", "w": "Conflicted"}


def test_a_waypoint_is_found_by_the_label_of_the_service() -> None:
    """An HTTPRoute whose parent is a Service."""
    labelled = service("orders")
    labelled[1]["metadata"]["labels"] = {"istio.io/use-waypoint": "waypoint"}
    decision = decided(
        "istio",
        gateway("waypoint", "istio-waypoint"),
        labelled,
        http_route("orders", "", parent={"kind": "Service", "group": "", "name": "orders"}),
        binding("orders", "HTTPRoute/orders"),
    )
    (policy,) = [c for c in decision.objects.values() if c["kind"] == "AuthorizationPolicy"]
    assert policy["spec"]["targetRefs"][0]["name"] == "waypoint"
