"""Routes that nobody has bound are suggested."""

from tests.unit.controller.objects import (
    binding,
    decided,
    gateway,
    grpc_route,
    http_route,
    ingress_service,
    istio_gateway,
    virtual_service,
)


def test_unbound_routes_of_asking_gateways_are_suggested() -> None:
    """Routes of other gateways are not."""
    decision = decided(
        "envoy-gateway",
        gateway(),
        gateway("other"),
        gateway("y" * 70),
        http_route("orders"),
        http_route("users"),
        grpc_route("greeter"),
        http_route("elsewhere", parent={"name": "other"}),
        http_route("odd", parent={"name": "y" * 70}),
        binding("orders", "HTTPRoute/orders"),
    )
    assert [str(s.about) for s in decision.suggestions] == [
        "HTTPRoute shop/users",
        "GRPCRoute shop/greeter",
    ]
    assert "kind: HTTPRoute, name: users" in decision.suggestions[0].message


def test_nothing_is_suggested_where_bindings_are_not_read() -> None:
    """Somebody may have bound these routes."""
    world = gateway(), http_route("orders"), http_route("users"), binding("o", "HTTPRoute/orders")
    assert decided("envoy-gateway", *world, namespace="shop").suggestions != ()
    assert decided("envoy-gateway", *world, namespace="pay").suggestions == ()


def test_virtual_services_are_suggested_too() -> None:
    """By the gateway that they belong to."""
    decision = decided(
        "istio",
        istio_gateway(),
        ingress_service(),
        virtual_service("orders", "a"),
        virtual_service("users", "b"),
        virtual_service("inner", gateways=("mesh",)),
        binding("orders", "VirtualService/orders"),
    )
    assert [str(s.about) for s in decision.suggestions] == ["VirtualService shop/users"]
