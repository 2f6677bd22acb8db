"""Which API a request belongs to."""

import pytest

from adapter.policy.bindings import NO_LISTED_DOMAINS, UNBOUND, ApiBinding, BindingTable
from adapter.policy.verdicts import Deny, DenyReason
from tests.unit.policy.gateway import a_request

TABLE = BindingTable(
    [
        ApiBinding("metadata", route_metadata="HTTPRoute/shop/orders"),
        ApiBinding("route", route_name="orders-route"),
        ApiBinding("exact", authority="api.test"),
        ApiBinding("pay", authority="api.test", path_prefix="/pay"),
        ApiBinding("pay-v2", authority="api.test", path_prefix="/pay/v2/"),
        ApiBinding("wild", authority="*.test"),
        ApiBinding("deep", authority="*.deep.test"),
        ApiBinding("v6", authority="[2001:db8::1]"),
    ]
)
ORDERS = "spiffe://cluster.local/ns/shop/sa/orders"
SIDECARS = BindingTable(
    [
        ApiBinding("orders", destination_principal=ORDERS),
        ApiBinding("orders-admin", destination_principal=ORDERS, destination_port=9000),
        ApiBinding("metrics", destination_port=9090),
    ]
)
RULES = BindingTable(
    [
        ApiBinding("orders", route_metadata="HTTPRoute/shop/orders"),
        ApiBinding("writes", route_metadata="HTTPRoute/shop/orders#writes"),
        ApiBinding("users", route_metadata="HTTPRoute/shop/users"),
        ApiBinding("greeter", route_metadata="GRPCRoute/shop/greeter"),
    ]
)
CATCH_ALL = BindingTable([ApiBinding("rest", authority="*"), ApiBinding("a", authority="a.test")])


def bound(
    authority: str = "elsewhere.example", path: str = "/", table: BindingTable = TABLE
) -> str | Deny:
    """The API of a request that only its authority and path speak for."""
    return table.resolve(a_request(authority=authority, path=path, api_id=""))


def test_what_the_route_says_goes_before_everything_else() -> None:
    """In order of trust: api_id, route metadata, route name, authority."""
    everything = a_request(
        api_id="7", route_metadata="HTTPRoute/shop/orders", route_name="orders-route"
    )
    assert TABLE.resolve(everything) == "7"
    assert TABLE.resolve(everything._replace(api_id="")) == "metadata"
    assert TABLE.resolve(everything._replace(api_id="", route_metadata="")) == "route"
    assert (
        TABLE.resolve(everything._replace(api_id="", route_metadata="x", route_name="")) == "exact"
    )


@pytest.mark.parametrize(
    ("path", "api_id"),
    [
        ("/pay", "pay"),
        ("/pay/", "pay"),
        ("/pay/now?x=/pay/v2", "pay"),
        ("/payments", "exact"),
        ("/pay/v2", "pay-v2"),
        ("/pay/v2/x", "pay-v2"),
        ("/pay/v22", "pay"),
        ("/PAY", "exact"),
        ("/", "exact"),
    ],
)
def test_the_longest_prefix_wins_on_segment_boundaries(path: str, api_id: str) -> None:
    """`/pay` is not `/payments`."""
    assert bound("api.test", path) == api_id


@pytest.mark.parametrize("authority", ["API.Test", "api.test:8443", "api.test.", "Api.Test.:80"])
def test_case_port_and_trailing_dot_do_not_matter(authority: str) -> None:
    """One host has one API, however the client writes it."""
    assert bound(authority) == "exact"


@pytest.mark.parametrize(
    ("authority", "api_id"),
    [("a.test", "wild"), ("a.b.test", "wild"), ("a.deep.test", "deep"), ("deep.test", "wild")],
)
def test_exact_hosts_go_before_wildcards_and_longer_ones_first(authority: str, api_id: str) -> None:
    """The most specific binding counts."""
    assert bound(authority) == api_id


@pytest.mark.parametrize("authority", ["[2001:DB8::1]", "[2001:db8::1]:443"])
def test_ipv6_literals_are_hosts(authority: str) -> None:
    """Their colons are no port."""
    assert bound(authority) == "v6"


@pytest.mark.parametrize("authority", ["", "test", "nottest", "elsewhere.example", "[2001:db8::2]"])
def test_what_nothing_matches_is_refused(authority: str) -> None:
    """Zero trust: an unknown host is nobody's API."""
    refusal = bound(authority)
    assert isinstance(refusal, Deny)
    assert refusal.reason is DenyReason.API_UNBOUND


def test_a_wildcard_for_everything_takes_the_rest() -> None:
    """`*` covers what no other binding does."""
    assert bound("x.example", table=CATCH_ALL) == "rest"
    assert bound("a.test", table=CATCH_ALL) == "a"


def test_a_wildcard_covers_paths_that_the_exact_host_does_not_bind() -> None:
    """An exact host with a prefix only leaves the rest to the wildcard."""
    table = BindingTable(
        [
            ApiBinding("pay", authority="a.test", path_prefix="/pay"),
            ApiBinding("rest", authority="*.test"),
        ]
    )
    assert bound("a.test", "/other", table) == "rest"


@pytest.mark.parametrize(
    "authority",
    [
        "api.test,evil.test",
        "evil.test,api.test",
        "api.test..",
        "api.test..:80",
        "x@api.test",
        "api.test%2e",
        "api.test:80:80",
        "api.test:",
        "..api.test",
        ".test",
        "[",
        "[2001:db8:0::1]",
    ],
)
@pytest.mark.parametrize("table", [TABLE, CATCH_ALL])
def test_an_ambiguous_host_chooses_no_api(authority: str, table: BindingTable) -> None:
    """The service could read it as the host of another API."""
    refusal = bound(authority, table=table)
    assert isinstance(refusal, Deny)
    assert (refusal.reason, refusal.status) == (DenyReason.AMBIGUOUS_HOST, 400)


def test_the_host_does_not_matter_where_the_route_names_the_api() -> None:
    """Envoy has chosen then."""
    request = a_request(api_id="7", authority="api.test..")
    assert CATCH_ALL.resolve(request) == "7"


@pytest.mark.parametrize("path", ["/x/../pay", "/%70ay", "//pay", "/pay%2fv2", "*"])
def test_an_ambiguous_path_chooses_no_api(path: str) -> None:
    """A client cannot reach one API under the policies of another."""
    refusal = bound("api.test", path)
    assert isinstance(refusal, Deny)
    assert refusal.reason is DenyReason.AMBIGUOUS_PATH


def test_a_path_too_long_to_hold_against_prefixes_chooses_no_api() -> None:
    """A client cannot delay all others by sending a very long one."""
    refusal = bound("api.test", "/pay/" + "a" * 60_000)
    assert isinstance(refusal, Deny)
    assert (refusal.reason, refusal.status) == (DenyReason.MALFORMED_REQUEST, 414)


def test_where_no_prefix_is_bound_the_path_decides_nothing() -> None:
    """Odd paths pass where nothing depends on them."""
    table = BindingTable([ApiBinding("a", authority="a.test")])
    assert bound("a.test", "/x/../y", table) == "a"


def test_without_bindings_by_host_the_host_says_nothing() -> None:
    """Not even one that is malformed."""
    table = BindingTable([ApiBinding("a", route_name="r")])
    assert table.resolve(a_request(authority="one.test,two.test", api_id="")) is UNBOUND


@pytest.mark.parametrize(
    ("principal", "port", "api_id"),
    [
        (ORDERS, 8080, "orders"),
        (ORDERS, 9000, "orders-admin"),
        (ORDERS, 9090, "orders"),
        ("", 9090, "metrics"),
        (ORDERS + "-2", 9090, "metrics"),
        ("", 8080, UNBOUND),
        ("", 0, UNBOUND),
    ],
)
def test_a_destination_names_the_workload_whatever_the_host_says(
    principal: str, port: int, api_id: str | Deny
) -> None:
    """Principal and port, then the principal, then the port."""
    request = a_request(api_id="", authority="x")._replace(
        destination_principal=principal, destination_port=port
    )
    assert SIDECARS.resolve(request) == api_id


def test_at_a_sidecar_the_host_names_no_api() -> None:
    """Its virtual host covers all hosts, so the client would choose its API."""
    request = a_request(api_id="", authority="api.test")._replace(destination_principal=ORDERS)
    for table in (TABLE, CATCH_ALL):
        assert table.resolve(request) == NO_LISTED_DOMAINS
    assert TABLE.resolve(request._replace(route_name="orders-route")) == "route"
    assert TABLE.resolve(request._replace(destination_principal="edge.example.com")) == "exact"


@pytest.mark.parametrize(
    ("metadata", "api_id"),
    [
        ("HTTPRoute/shop/orders", "orders"),
        ("HTTPRoute/shop/orders#reads", "orders"),
        ("HTTPRoute/shop/orders#writes", "writes"),
        ("GRPCRoute/shop/greeter#any", "greeter"),
        ("HTTPRoute/shop/other#writes", UNBOUND),
    ],
)
def test_a_rule_of_a_route_may_be_another_api(metadata: str, api_id: str | Deny) -> None:
    """The other rules belong to the API of the whole route."""
    assert RULES.resolve(a_request(api_id="", route_metadata=metadata, authority="x")) == api_id


@pytest.mark.parametrize(
    ("name", "api_id"),
    [
        ("httproute/shop/users/rule/0/match/0/users_test", "users"),
        ("grpcroute/shop/greeter/rule/1/match/0/*", "greeter"),
        ("shop.users.0", "users"),
        ("shop.greeter.12", "greeter"),
        # It may be of the rule with another API: the name does not say which rule it is.
        ("httproute/shop/orders/rule/0/match/0/orders_test", ""),
        ("shop.orders.0", ""),
        ("tcproute/shop/users/rule/0", ""),
        ("httproute/shop", ""),
        ("shop.users.x", ""),
        ("shop.users", ""),
        ("users", ""),
        ("", ""),
    ],
)
def test_routes_are_known_by_the_names_that_control_planes_give_them(
    name: str, api_id: str
) -> None:
    """For log entries, which contain the route's name and not its metadata."""
    assert RULES.of_mesh_route(name) == api_id
