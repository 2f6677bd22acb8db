"""Documents of Flex Gateway in local mode."""

from typing import Any

from control_plane.imports.flex_yaml import source_of
from tests.control_plane.imports.planning import plan_of, words

API_VERSION = "gateway.mulesoft.com/v1alpha1"
LIMITS = {"rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1000}]}


def document(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    """A document."""
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


def api(**spec: Any) -> dict[str, Any]:
    """An API instance."""
    known = {"address": "http://0.0.0.0:8080/shop/v1.0/", **spec}
    return document("ApiInstance", "orders", **known)


def bound(policy: str, target: str = "orders", **spec: Any) -> dict[str, Any]:
    """A policy that is bound to an API instance."""
    references = {
        "policyRef": {"name": policy, "namespace": "default"},
        "targetRef": {"name": target},
    }
    return document("PolicyBinding", f"bind-{policy}", **references, **spec)


def test_inline_and_bound_policies_in_their_order() -> None:
    """Without an order, 50 counts."""
    inline = {"policyRef": {"name": "rate-limiting-flex"}, "config": LIMITS}
    documents = [
        api(policies=[inline], services={"up": {"address": "http://up.example:80"}}),
        bound("ip-allowlist-flex", config={"ips": ["::1"]}, order=2),
        document("Service", "json", address="http://json.example"),
    ]
    plan = plan_of(source_of(documents, {}))
    assert plan.document["apis"] == [
        {
            "groupId": "default",
            "assetId": "orders",
            "assetVersion": "1.0.0",
            "endpoint": {
                "proxyUri": "http://0.0.0.0:8080/shop/v1.0/",
                "uri": "http://up.example:80",
            },
            "policies": [
                {"assetId": "ip-allowlist", "configurationData": {"ips": ["::1"]}},
                {"assetId": "rate-limiting", "configurationData": LIMITS},
            ],
        }
    ]
    assert set(words(plan).values()) == {"exact"}


def test_rules_become_pointcuts_on_whole_paths() -> None:
    """A rule lacks the path of the API's address."""
    rules = [{"path": "/a|/b", "methods": "GET"}, {"methods": "POST"}]
    plan = plan_of(source_of([api(), bound("rate-limiting", config=LIMITS, rules=rules)], {}))
    (policy,) = plan.document["apis"][0]["policies"]
    assert policy["pointcutData"] == [
        {"methodRegex": "GET", "uriTemplateRegex": r"/shop/v1\.0(?:/a|/b)"},
        {"methodRegex": "POST", "uriTemplateRegex": ".*"},
    ]


def test_variables_of_the_environment() -> None:
    """They are replaced. One that is not set refuses the policy and its API."""
    config = {"username": "$WHO", "password": "$PASSWORD"}
    documents = [api(), bound("http-basic-authentication-flex", config=config)]
    plan = plan_of(source_of(documents, {"WHO": "chris", "PASSWORD": "pw"}))
    assert plan.document["apis"][0]["policies"][0]["configurationData"] == {
        "username": "chris",
        "password": "pw",
    }
    without = plan_of(source_of(documents, {"WHO": "chris"}))
    assert words(without)["policy of orders http-basic-authentication-flex"] == (
        "refused environment variables are not set: PASSWORD"
    )
    assert without.document == {"version": 1}


def test_what_cannot_be_imported() -> None:
    """Each thing is named."""
    documents = [
        api(),
        bound("rate-limiting", config=LIMITS, rules=[{"headers": {"x-a": "b"}}]),
        bound("cors", target="bills"),
        document("Configuration", "logs", logging={}),
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls"}},
        document("ApiInstance", "no-address"),
        "text",
    ]
    plan = plan_of(source_of(documents, {}))
    found = words(plan)
    assert found["policy of orders rate-limiting"] == (
        "refused one of its rules looks at the host or at headers"
    )
    assert found["other PolicyBinding bind-cors"] == (
        "refused no ApiInstance is called 'bills' in the namespace 'default'"
    )
    assert found["other Configuration logs"] == ("refused it configures the gateway and not an API")
    assert found["other Secret tls"].startswith("refused its apiVersion is 'v1'")
    assert found["other ApiInstance 1"] == "refused spec.address: is required"
    assert "other document 6" in found
    assert plan.document == {"version": 1}


def test_a_binding_that_cannot_be_read_may_protect_any_api() -> None:
    """So none is imported without it."""
    by_labels = document("PolicyBinding", "b", policyRef={"name": "cors"}, targetRef={"kind": "S"})
    source = source_of([api(), by_labels], {})
    assert plan_of(source).document == {"version": 1}
    assert words(plan_of(source))["policy PolicyBinding 0"].startswith("refused spec.targetRef")
    assert plan_of(source, allow_open=True).document["apis"]


def test_routes_are_left_to_envoy() -> None:
    """They are no policies here."""
    services = {"a": {"address": "http://a.example"}, "b": {"address": "http://b.example"}}
    plan = plan_of(source_of([api(services=services), bound("route", config={})], {}))
    assert words(plan)["API instance orders"].startswith("approximated Envoy routes")
    assert "policies" not in plan.document["apis"][0]
