"""A mistake in an ApiBinding opens nothing, also where others of the same Envoy are accepted."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapter.controller.core.binding import BindingKey
from adapter.controller.core.refusal import Refusal
from tests.unit.controller.objects import (
    Object,
    binding,
    bound,
    decided,
    gateway,
    http_route,
    reasons,
    service,
)

_LATER = "2026-11-28T13:00:00Z"
_PORTS = [{"name": "http", "port": 80}, {"name": "admin", "port": 8081}]
_ASSET = {"assetId": "orders", "version": "1.0.0"}
_GONE = {BindingKey("shop", "b"): Refusal("ApiNotFound", "there is none")}


def _checked(*objects: Object, live: Any = None, answers: Any = None) -> tuple[Any, Any]:
    """The objects, and the rule of the AuthorizationPolicy."""
    objects_now = decided("istio", *objects, live=live, answers=answers).objects
    (policy,) = [c for c in objects_now.values() if c["kind"] == "AuthorizationPolicy"]
    return objects_now, policy["spec"]["rules"]


def _of(*ports: str) -> Any:
    return [{"to": [{"operation": {"ports": list(ports)}}]}]


@pytest.mark.parametrize(
    ("target", "fault", "rules"),
    [
        ("Service/o#admin", "renamed port", _of("80", "8081")),
        ("Service/o#admin", "API", _of("80", "8081")),
        ("Service/o", "API", [{}]),
    ],
)
def test_ports_that_were_checked_stay_checked_while_their_binding_is_refused(
    target: str, fault: str, rules: Any
) -> None:
    """The other port has an ApiBinding that is accepted."""
    a, b = binding("a", "Service/o#http"), binding("b", target, apiId="18")
    live, before = _checked(service("o", ports=_PORTS), a, b)
    assert before == rules
    if fault == "API":
        broken = binding("b", target, api=_ASSET)
        now = _checked(service("o", ports=_PORTS), a, broken, live=live, answers=_GONE)
    else:
        ports = [_PORTS[0], {"name": "management", "port": 8081}]
        now = _checked(service("o", ports=ports), a, b, live=live)
    assert now[1] == rules
    assert _checked(service("o", ports=_PORTS), a, live=live)[1] == _of("80")


def test_a_port_that_was_not_checked_waits_for_its_api() -> None:
    """Nothing was applied for it before."""
    a, b = binding("a", "Service/o#http"), binding("b", "Service/o#admin", api=_ASSET)
    assert _checked(service("o", ports=_PORTS), a, b, answers=_GONE)[1] == _of("80")


@pytest.mark.parametrize("mesh", ["istio", "envoy-gateway"])
def test_a_refused_rule_is_not_left_to_the_whole_route(mesh: Any) -> None:
    """Its requests would get the policies of another API. The adapter knows no such API."""
    decision = decided(
        mesh,
        *(gateway(class_name="istio"), http_route("o", "rule", "other")),
        binding("a", "HTTPRoute/o"),
        binding("b", "HTTPRoute/o#rule", api=_ASSET),
        answers=_GONE,
    )
    named = {b.get("route_name") or b["route_metadata"]: b["api_id"] for b in bound(decision)}
    rule = "rule" if mesh == "istio" else "HTTPRoute/shop/o#rule"
    assert named[rule] == "refused-apibinding"
    assert reasons(decision) == {"a": "Accepted", "b": "ApiNotFound"}


def test_a_younger_binding_does_not_take_the_target_of_a_refused_one() -> None:
    """The older one has another target that is missing."""
    decision = decided(
        "envoy-gateway",
        *(gateway(), http_route("o"), binding("a", "HTTPRoute/o", "HTTPRoute/gone")),
        binding("b", "HTTPRoute/o", created=_LATER, apiId="weak"),
    )
    assert reasons(decision) == {"a": "TargetNotFound", "b": "Conflicted"}


_TARGETS = (
    *("Service/o", "Service/o#http", "Service/o#admin", "Service/p", "Service/p#http"),
    *("Service/q#admin", "HTTPRoute/h", "HTTPRoute/h#r"),
)
_WORLD = (
    *(service("o", ports=_PORTS), service("p", ports=_PORTS, selector={"app": "o", "v": "1"})),
    *(service("q", ports=_PORTS, selector={"app": "o"}), http_route("h", "r", "s")),
    gateway(class_name="istio"),
)
_drawn = st.lists(
    st.tuples(
        st.lists(st.sampled_from(_TARGETS), min_size=1, max_size=2, unique=True),
        st.sampled_from(["2026-11-28T12:00:00Z", _LATER]),
    ),
    min_size=1,
    max_size=4,
)


@given(_drawn, st.data(), st.sampled_from(["name", "sectionName"]))
def test_a_mistake_opens_no_port(drawn: Any, data: Any, field: str) -> None:
    """A target of an accepted ApiBinding gets a wrong name. Every pod is checked as before."""
    bindings = [binding(f"b{n}", *t, created=c, apiId=f"{n}") for n, (t, c) in enumerate(drawn)]
    first = decided("istio", *_WORLD, *bindings)
    for _, content in bindings:
        found = first.acceptances[BindingKey("shop", content["metadata"]["name"])]
        content["status"] = {"envoys": sorted(map(str, found.envoys))}
    accepted = [b for b in bindings if b[1]["status"]["envoys"]]
    assume(accepted)
    _, broken = data.draw(st.sampled_from(accepted))
    data.draw(st.sampled_from(broken["spec"]["targetRefs"]))[field] = "gone"
    second = decided("istio", *_WORLD, *bindings, live=first.objects)
    kept = {k: c for k, c in first.objects.items() if k.namespace in second.kept_namespaces}
    before, after = _ports(first.objects), _ports({**kept, **second.objects})
    for pods, ports in before.items():
        assert ports <= after[pods] or "all" in after[pods]


def _ports(objects: Any) -> dict[str, set[str]]:
    """The ports that are checked, by the labels of pods."""
    found: dict[str, set[str]] = {}
    for content in objects.values():
        if content["kind"] == "AuthorizationPolicy":
            (rule,) = content["spec"]["rules"]
            ports = rule["to"][0]["operation"]["ports"] if rule else ["all"]
            found.setdefault(json.dumps(content["spec"]["selector"]), set()).update(ports)
    return found
