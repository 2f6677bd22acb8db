"""Rules of one name at one of Istio's gateways: nobody takes the requests of another route."""

import pytest

from adapter.controller.core.binding import BindingKey
from adapter.controller.core.resources import ISTIO_GATEWAY
from tests.unit.controller.objects import (
    Object,
    binding,
    decided,
    gateway,
    grpc_route,
    http_route,
    ingress_service,
    istio_gateway,
    made,
    reasons,
    service,
    virtual_service,
)

_LATER = "2026-11-28T13:00:00Z"


def _younger(content: Object) -> Object:
    content[1]["metadata"]["creationTimestamp"] = _LATER
    return content


@pytest.mark.parametrize("victim", ["VirtualService/victim", "VirtualService/victim#orders", ""])
def test_a_younger_route_cannot_take_the_rule_of_an_older_one(victim: str) -> None:
    """Its own ApiBinding may even be the older one, or the only one."""
    decision = decided(
        "istio",
        *(istio_gateway(), ingress_service(), virtual_service("victim", "orders")),
        _younger(virtual_service("thief", "orders")),
        binding("thief", "VirtualService/thief#orders", apiId="weak"),
        *([binding("victim", victim, created=_LATER)] if victim else []),
    )
    assert reasons(decision) == {
        "thief": "Conflicted",
        **({"victim": "Accepted"} if victim else {}),
    }
    assert "VirtualService/shop/victim has a rule orders" in (
        decision.acceptances[BindingKey("shop", "thief")].message
    )


def test_a_whole_route_whose_rule_belongs_to_an_older_route_is_refused() -> None:
    """Envoy would send the API of the older route with its requests."""
    decision = decided(
        "istio",
        *(istio_gateway(), ingress_service(), virtual_service("old", "orders", "items")),
        _younger(virtual_service("new", "items", "orders")),
        binding("old", "VirtualService/old#orders"),
        binding("new", "VirtualService/new", apiId="18"),
    )
    assert reasons(decision) == {"old": "Accepted", "new": "Conflicted"}


def test_whole_routes_may_have_rules_of_one_name() -> None:
    """Envoy sends the name of the VirtualService."""
    decision = decided(
        "istio",
        *(istio_gateway(), ingress_service()),
        *(virtual_service("a", "default"), virtual_service("b", "default")),
        *(binding("a", "VirtualService/a"), binding("b", "VirtualService/b", apiId="18")),
    )
    assert reasons(decision) == {"a": "Accepted", "b": "Accepted"}


def test_names_that_istio_gives_cannot_be_taken_either() -> None:
    """An HTTPRoute and a GRPCRoute of one name have rules of one name."""
    decision = decided(
        "istio",
        *(gateway(class_name="istio"), http_route("orders"), _younger(grpc_route("orders"))),
        binding("orders", "HTTPRoute/orders"),
        binding("greeter", "GRPCRoute/orders", apiId="18"),
    )
    assert reasons(decision) == {"orders": "Accepted", "greeter": "Conflicted"}


@pytest.mark.parametrize(
    ("selector", "reason"),
    [({"app": "ingress"}, "Conflicted"), ({"istio": "other"}, "Accepted")],
)
def test_another_gateway_for_the_same_pods_has_the_same_names(
    selector: dict[str, str], reason: str
) -> None:
    """Pods can have both labels, unless one label has two values."""
    decision = decided(
        "istio",
        *(istio_gateway(), ingress_service(), virtual_service("victim", "orders")),
        made(ISTIO_GATEWAY, "mine", {"selector": selector}),
        service("other", "istio-system", selector={"istio": "other"}),
        _younger(virtual_service("thief", "orders", gateways=("mine",))),
        binding("thief", "VirtualService/thief#orders", apiId="weak"),
    )
    assert reasons(decision) == {"thief": reason}
