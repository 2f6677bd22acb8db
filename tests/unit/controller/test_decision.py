"""The decision about all ApiBindings: conflicts, APIs of the platform, what stays, suggestions."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapter.controller.core.binding import BindingKey
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.decision import Decision, decide
from adapter.controller.core.judgement import judge
from adapter.controller.core.refusal import Refusal
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
    virtual_service,
)

_LATER = "2026-11-28T13:00:00Z"
_ASSET = {"assetId": "orders", "version": "1.0.0", "create": True}
_KEY = BindingKey("shop", "orders")
_AWAY = Refusal("PlatformUnavailable", "the platform does not answer")


def _api_ids(decision: Decision) -> list[str]:
    """The APIs in the adapter's settings."""
    return [b["api_id"] for b in bound(decision)]


def test_the_older_binding_wins() -> None:
    """The other one is told who was first."""
    decision = decided(
        "envoy-gateway",
        gateway(),
        http_route("orders"),
        binding("a", "HTTPRoute/orders", created=_LATER, apiId="18"),
        binding("b", "HTTPRoute/orders"),
    )
    assert reasons(decision) == {"a": "Conflicted", "b": "Accepted"}
    assert decision.acceptances[BindingKey("shop", "a")].message == (
        "shop/b is older and has bound the same target"
    )
    assert _api_ids(decision) == ["17"]


def test_names_decide_between_bindings_of_the_same_second() -> None:
    """So the result does not depend on the order of the objects."""
    objects = (gateway(), http_route("o"), binding("b", "HTTPRoute/o"), binding("a", "HTTPRoute/o"))
    assert reasons(decided("envoy-gateway", *objects)) == {"a": "Accepted", "b": "Conflicted"}


def test_rules_of_one_name_at_one_gateway_are_the_same_target() -> None:
    """Istio cannot tell them apart."""
    decision = decided(
        "istio",
        istio_gateway(),
        ingress_service(),
        virtual_service("first", "orders"),
        virtual_service("second", "orders"),
        binding("first", "VirtualService/first#orders"),
        binding("second", "VirtualService/second#orders", created=_LATER, apiId="18"),
    )
    assert reasons(decision) == {"first": "Accepted", "second": "Conflicted"}


def test_a_binding_that_cannot_be_rendered_does_not_harm_others() -> None:
    """A Gateway without a listener for HTTP, and two Envoys whose objects have one name."""
    deaf = gateway("deaf")
    del deaf[1]["spec"]["listeners"][0]
    alone = decided(
        "envoy-gateway",
        *(deaf, gateway(), http_route("a", parent={"name": "deaf"}), http_route("b")),
        *(binding("a", "HTTPRoute/a"), binding("b", "HTTPRoute/b", apiId="18")),
    )
    assert reasons(alone) == {"a": "Invalid", "b": "Accepted"}
    assert "listeners: is missing" in alone.acceptances[BindingKey("shop", "a")].message
    together = decided(
        "istio",
        *(gateway("service-x", "istio"), http_route("a", parent={"name": "service-x"})),
        *(service("x"), binding("a", "HTTPRoute/a")),
        binding("b", "Service/x", created=_LATER, apiId="18"),
    )
    assert reasons(together) == {"a": "Accepted", "b": "Conflicted"}
    assert "service-x is given twice" in together.acceptances[BindingKey("shop", "b")].message


def test_a_name_that_is_too_long_harms_no_other_binding() -> None:
    """The name of a Gateway."""
    decision = decided(
        "envoy-gateway",
        gateway(),
        gateway("x" * 70),
        http_route("orders", parent={"name": "x" * 70}),
        http_route("users"),
        binding("orders", "HTTPRoute/orders"),
        binding("users", "HTTPRoute/users"),
    )
    assert reasons(decision) == {"orders": "Invalid", "users": "Accepted"}


def test_an_object_that_is_no_valid_binding_is_refused() -> None:
    """An API server without the rules of the definition let it pass."""
    broken = binding("broken", "HTTPRoute/orders", apiId="1", api=_ASSET)
    worse = binding("worse", "HTTPRoute/orders")
    worse[1]["spec"] = {"targetRefs": 3}
    decision = decided("envoy-gateway", broken, worse)
    assert reasons(decision) == {"broken": "Invalid", "worse": "Invalid"}
    assert {v.message for v in decision.acceptances.values()} == {
        "set either apiId or api",
        "targetRefs: must be a list",
    }


def test_the_platform_says_which_api_it_is() -> None:
    """The answer is bound, and goes into the status."""
    objects = (gateway(), http_route("orders"), binding("orders", "HTTPRoute/orders", api=_ASSET))
    decision = decided("envoy-gateway", *objects, answers={_KEY: "55"})
    assert decision.acceptances[_KEY].api_id == "55"
    assert _api_ids(decision) == ["55"]


def test_while_the_platform_is_away_the_known_api_stays() -> None:
    """A new ApiBinding has to wait; one whose status names the API goes on."""
    new = binding("orders", "HTTPRoute/orders", api=_ASSET)
    world = gateway(), http_route("orders")
    assert decided("envoy-gateway", *world, new, answers={_KEY: _AWAY}).acceptances[_KEY][:2] == (
        "Unknown",
        "PlatformUnavailable",
    )
    accepted = {"type": "Accepted", "status": "True", "observedGeneration": 1}
    new[1]["status"] = {"apiId": "55", "conditions": [accepted]}
    known = decided("envoy-gateway", *world, new, answers={_KEY: _AWAY})
    assert known.acceptances[_KEY].reason == "Accepted"
    new[1]["metadata"]["generation"] = 2
    changed = decided("envoy-gateway", *world, new, answers={_KEY: _AWAY})
    assert changed.acceptances[_KEY].reason == "PlatformUnavailable"


def test_nothing_is_removed_where_an_envoy_has_refused_bindings_only() -> None:
    """Its last good objects go on protecting it; a deleted ApiBinding keeps nothing."""
    world = gateway(), http_route("orders")
    refused = binding("orders", "HTTPRoute/orders", api=_ASSET)
    gone = Refusal("ApiNotFound", "there is none")
    assert decided("envoy-gateway", *world, refused, answers={_KEY: gone}).kept_namespaces == {
        "shop"
    }
    other = binding("users", "HTTPRoute/users", apiId="9")
    decision = decided(
        "envoy-gateway", *world, http_route("users"), refused, other, answers={_KEY: gone}
    )
    assert decision.kept_namespaces == set()
    assert decided("envoy-gateway", *world).kept_namespaces == set()


def test_an_envoy_is_remembered_when_the_target_is_missing() -> None:
    """A mistake in a change leads to no Envoy any more; its Gateway is in another namespace."""
    mistaken = binding("orders", "HTTPRoute/absent")
    assert decided("envoy-gateway", mistaken).kept_namespaces == set()
    mistaken[1]["status"] = {"envoys": ["gateway/infra/eg"]}
    decision = decided("envoy-gateway", mistaken)
    assert decision.kept_namespaces == {"infra"}
    assert list(map(str, decision.acceptances[_KEY].envoys)) == ["gateway/infra/eg"]


_WORLD: list[Object] = [
    *(gateway(), gateway("gw", "istio"), istio_gateway(), ingress_service()),
    *(http_route("a", "x", ""), http_route("b", parent={"name": "gw"}), grpc_route("c")),
    *(virtual_service("v", "r"), virtual_service("w", "r")),
    *(service("s"), service("t", selector={"app": "s"}), service("u", ports=[])),
]
_TARGETS = (
    *("HTTPRoute/a", "HTTPRoute/a#x", "HTTPRoute/b", "GRPCRoute/c", "HTTPRoute/absent"),
    *("VirtualService/v", "VirtualService/v#r", "VirtualService/w#r"),
    *("Service/s", "Service/t", "Service/u", "Service/s#http"),
)
_bindings = st.lists(
    st.tuples(
        st.sampled_from("abcdef"),
        st.lists(st.sampled_from(_TARGETS), min_size=1, max_size=3, unique=True),
        st.sampled_from(["2026-11-28T12:00:00Z", _LATER]),
        st.sampled_from(["1", "2", "3"]),
    ),
    max_size=6,
    unique_by=lambda one: one[0],
)


@given(_bindings, st.randoms(use_true_random=False), st.sampled_from(["istio", "envoy-gateway"]))
def test_the_order_of_objects_does_not_matter(drawn: Any, random: Any, mesh: Any) -> None:
    """The API server lists objects in any order; the decision is the same, and repeats itself."""
    objects = [*_WORLD, *(binding(n, *t, created=c, apiId=i) for n, t, c, i in drawn)]
    shuffled = list(objects)
    random.shuffle(shuffled)
    first, second = decided(mesh, *objects), decided(mesh, *shuffled)
    assert first == second
    assert list(first.objects) == list(second.objects)
    assert first == decided(mesh, *objects)


@given(_bindings, st.sampled_from(["istio", "envoy-gateway"]))
def test_every_binding_gets_an_answer_and_no_refused_api_is_rendered(drawn: Any, mesh: Any) -> None:
    """An API appears in objects and settings only if an accepted ApiBinding names it."""
    ids = {name: f"api-{number}" for number, (name, *_) in enumerate(drawn)}
    objects = [*_WORLD, *(binding(n, *t, created=c, apiId=ids[n]) for n, t, c, _ in drawn)]
    found, chosen = Cluster.of(objects), options(mesh)
    decision = decide(found, chosen, judge(found, chosen), {}, {})
    assert {key.name for key in decision.acceptances} == ids.keys()
    text = json.dumps([*decision.objects.values(), decision.bindings[1]])
    for key, acceptance in decision.acceptances.items():
        assert acceptance.status == "True" or f'"{ids[key.name]}"' not in text.replace("\\", "")
