"""Mistakes in mesh plans are found before they open an API to others."""

from typing import Any

import pytest

from adapter.envoy_config.mesh import Mesh
from adapter.errors import ConfigurationError
from tests.rig.mesh_plans import example, rendered

ORDERS = "spiffe://cluster.local/ns/shop/sa/orders"
ROUTE = "HTTPRoute/shop/orders"


def refusal(mesh: Mesh, plan: dict[str, Any], **options: Any) -> str:
    """Why the plan is refused."""
    with pytest.raises(ConfigurationError) as error:
        rendered(mesh, plan, **options)
    return str(error.value)


def with_api(mesh: Mesh, envoy: int, **api: Any) -> dict[str, Any]:
    """The example with one API in place of those of this Envoy."""
    plan = example(mesh)
    plan["envoys"][envoy]["apis"] = [{"api_id": "9", **api}]
    return plan


@pytest.mark.parametrize(
    ("mesh", "envoy", "api", "fault"),
    [
        ("istio", 1, {"host": "shop.test"}, "clients choose the host there"),
        ("istio", 1, {"route": ROUTE}, "there are no named routes"),
        ("istio", 2, {"host": "shop.test"}, "clients choose the host there"),
        ("istio", 2, {"route": "VirtualService/shop/x"}, "use HTTPRoute/NS/NAME#RULE"),
        ("istio", 2, {"tcp_port": 1}, "does not ask about connections without HTTP there"),
        ("istio", 0, {"principal": ORDERS}, "only sidecars are told apart by their certificates"),
        ("istio", 1, {"principal": ORDERS.replace("shop", "pay")}, "pods in namespace shop have"),
        ("istio", 1, {"principal": ORDERS, "tcp_port": 1}, "set only one of principal and tcp"),
        ("istio", 1, {"service_port": 80}, "service_port: goes with port only"),
        ("istio", 0, {}, "name one of route, host, port and tcp_port"),
        ("istio", 0, {"port": 80}, "told apart at sidecars only"),
        ("istio", 0, {"host": "*"}, "lets clients choose their API"),
        ("istio", 0, {"host": "Shop.test"}, "has capital letters"),
        ("istio", 0, {"host": "shop.test", "path": "/a//b"}, "can be read in several ways"),
        ("istio", 0, {"host": "shop.test", "tcp_port": 1}, "set only one of host and tcp_port"),
        ("istio", 0, {"route": ROUTE}, f"name the rule, as in {ROUTE}#RULE"),
        (
            "istio",
            0,
            {"route": f"{ROUTE}#0", "bind_by": "route_metadata"},
            "bind_by: Istio tells only the name of an HTTPRoute's rule",
        ),
        ("istio", 0, {"route": "VirtualService/shop/x", "path": "/a"}, "path: goes with host only"),
        ("istio", 0, {"host": "a.test", "service": "a:1"}, "service: is for --for gateway-api"),
        ("envoy-gateway", 0, {"route": "VirtualService/shop/x"}, "a VirtualService is Istio's"),
        ("envoy-gateway", 0, {"route": ROUTE, "bind_by": "route_name"}, "use route_metadata"),
        ("envoy-gateway", 0, {"tcp_port": 1}, "does not ask about connections without HTTP"),
        ("gateway-api", 0, {"host": "shop.test"}, "service: is missing"),
        ("gateway-api", 0, {"host": "shop.test", "service": "shop:65536"}, "names no port"),
    ],
)
def test_what_cannot_tell_the_api(mesh: Mesh, envoy: int, api: dict[str, Any], fault: str) -> None:
    """The message names Envoy and API, and says what to name instead."""
    message = refusal(mesh, with_api(mesh, envoy, **api))
    assert fault in message
    assert "9" in message


@pytest.mark.parametrize(
    ("mesh", "changes", "fault"),
    [
        ("istio", {"labels": {}}, "gateway ingressgateway: labels: is missing"),
        ("envoy-gateway", {"listeners": []}, "gateway eg: listeners: is missing"),
        ("envoy-gateway", {"kind": "sidecar"}, "sidecar eg: is not known to envoy-gateway"),
        ("gateway-api", {"apis": []}, "name at least one Envoy with at least one API"),
    ],
)
def test_what_an_envoy_needs(mesh: Mesh, changes: dict[str, Any], fault: str) -> None:
    """Each mesh finds its Envoys in another way."""
    plan = example(mesh)
    plan["envoys"][0] |= changes
    assert fault in refusal(mesh, plan)


def test_all_mistakes_are_named_at_once() -> None:
    """An operator mends them in one go."""
    plan = with_api("istio", 0, host="*")
    plan["envoys"][1]["labels"] = {}
    assert len(refusal("istio", plan, serves_tls=True).splitlines()) == 3


def test_a_principal_beside_an_api_that_envoy_names() -> None:
    """Envoy's name would win, so the other API's policies would apply."""
    plan = with_api("istio", 1, principal=ORDERS)
    plan["envoys"][1]["apis"].append({"api_id": "10"})
    assert "give all a principal" in refusal("istio", plan)
    plan["envoys"][1]["apis"][1]["principal"] = ORDERS
    assert refusal("istio", plan) == f"APIs 9 and 10 have the same target: {ORDERS}"


def test_two_apis_with_one_target() -> None:
    """The second would never get a request, or get all of them."""
    plan = with_api("istio", 0, route=f"{ROUTE}#0")
    plan["envoys"][0]["apis"].append({"api_id": "10", "route": f"{ROUTE}#0"})
    plan["envoys"][1]["apis"].append({"api_id": "11"})
    message = refusal("istio", plan)
    assert f"APIs 9 and 10 have the same target: {ROUTE}#0" in message
    assert "APIs 5 and 11 have the same target: shop/orders all ports" in message
    rules = with_api("istio", 0, route="VirtualService/shop/x#main")
    rules["envoys"][0]["apis"].append({"api_id": "10", "route": "VirtualService/pay/y#main"})
    assert "rules need different names" in refusal("istio", rules)
    hosts = with_api("envoy-gateway", 0, host="shop.test")
    hosts["envoys"][0]["apis"].append({"api_id": "10", "host": "shop.test"})
    assert "APIs 9 and 10 have the same domain and path" in refusal("envoy-gateway", hosts)


def test_one_api_behind_two_gateways() -> None:
    """It needs one binding; another API with the same host and path there is refused."""
    plan = with_api("istio", 0, host="shop.test")
    inner = {**plan["envoys"][0], "name": "inner", "labels": {"istio": "inner"}}
    plan["envoys"] = [plan["envoys"][0], inner]
    assert len(rendered("istio", plan)[0].content["requests"]["bindings"]) == 1
    inner["apis"] = [{"api_id": "10", "host": "shop.test"}]
    assert refusal("istio", plan) == "APIs 9 and 10 have the same target: shop.test/"


def test_two_envoys_with_one_name() -> None:
    """One of them would get the objects of both."""
    plan = example("istio")
    plan["envoys"][1]["name"] = "ingressgateway"
    assert "ingressgateway is given twice in namespace shop" in refusal("istio", plan)


def test_two_routes_whose_objects_would_have_one_name() -> None:
    """The second object would replace the first, and open its API."""
    plan = with_api("gateway-api", 0, host="shop.test", path="/a-b", service="a:1")
    plan["envoys"][0]["apis"].append(
        {"api_id": "10", "host": "shop.test", "path": "/a/b", "service": "b:1"}
    )
    assert refusal("gateway-api", plan) == (
        "two objects HTTPRoute would be default/policy-adapter-shop-test-a-b\n"
        "name these routes or hosts differently"
    )


def test_gateways_behind_different_proxies() -> None:
    """One number says which entry of x-forwarded-for is the client's."""
    plan = example("envoy-gateway")
    plan["envoys"].append({**plan["envoys"][0], "name": "inner", "trusted_hops": 1, "apis": []})
    assert "trusted_hops: the gateways differ" in refusal("envoy-gateway", plan)


def test_a_token_that_nobody_could_send() -> None:
    """Otherwise the adapter would refuse every Check."""
    message = refusal("gateway-api", example("gateway-api"), token="between-us")
    assert message == "listener.token: the filter ExternalAuth cannot send it; leave it out"


def test_an_adapter_with_tls_needs_its_ca() -> None:
    """Otherwise no Envoy could connect, and every request would be refused."""
    assert "adapter.tls_ca_secret: is missing" in refusal(
        "istio", example("istio"), serves_tls=True
    )


@pytest.mark.parametrize(
    ("kind", "labels", "apis", "is_refused"),
    [
        ("gateway", {"app": "orders"}, [{"host": "a.test"}, {"host": "b.test"}], True),
        ("gateway", {"app": "orders", "x": "y"}, [{"host": "a.test"}, {"host": "b.test"}], False),
        ("sidecar", {"app": "orders"}, [{"port": 80}, {"port": 81}], True),
        ("sidecar", {"app": "orders", "x": "y"}, [{"port": 80}, {"port": 81}], False),
        ("sidecar", {"app": "orders", "x": "y"}, [{"port": 80}, {"port": 80}], True),
        ("sidecar", {"app": "orders", "x": "y"}, [{}, {"port": 80}], True),
        ("sidecar", {"app": "other"}, [{}, {}], False),
        ("sidecar", {"app": "orders", "x": "y"}, [{"api_id": "2"}, {}], False),
    ],
)
def test_envoys_with_the_same_pods_are_one_envoy(
    kind: str, labels: dict[str, str], apis: list[dict[str, Any]], is_refused: bool
) -> None:
    """Otherwise a request would have the API of the object that Istio takes last."""
    envoy = {"kind": kind, "namespace": "shop"}
    first = {"name": "n0", "labels": {"app": "orders"}, "apis": [{"api_id": "1", **apis[0]}]}
    second = {"name": "n1", "labels": labels, "apis": [{"api_id": "2", **apis[1]}]}
    envoys = [envoy | first, envoy | second]
    if is_refused:
        assert "n0 and n1 have some of the same pods in namespace shop" in refusal(
            "istio", {"envoys": envoys}
        )
    else:
        assert rendered("istio", {"envoys": envoys})
