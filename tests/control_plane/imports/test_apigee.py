"""Exports of Apigee."""

from typing import Any

from control_plane.imports.apigee import Export, source_of
from control_plane.imports.plan import Plan
from tests.control_plane.imports.planning import plan_of, words

DEVELOPERS = {"developer": [{"developerId": "d1", "email": "ann@example.com", "status": "active"}]}


def product(name: str, **members: Any) -> dict[str, Any]:
    """A product of the proxy `orders` with 100 requests an hour."""
    quota = {"quota": "100", "quotaInterval": "1", "quotaTimeUnit": "hour"}
    return {"name": name, "proxies": ["orders"], "apiResources": ["/**"], **quota, **members}


def key(consumer_key: str, *products: str, status: str = "approved", **members: Any) -> Any:
    """A key that may use these products."""
    uses = [{"apiproduct": name, "status": status} for name in products]
    secret = f"secret-of-{consumer_key}"
    return {"consumerKey": consumer_key, "consumerSecret": secret, "apiProducts": uses, **members}


def app(name: str, *keys: Any, **members: Any) -> dict[str, Any]:
    """An app of the developer Ann."""
    return {"name": name, "developerId": "d1", "credentials": list(keys), **members}


def plan(products: list[Any], apps: list[Any], environment: str | None = None) -> Plan:
    """The plan for an organization."""
    export = Export({"apiProduct": products}, DEVELOPERS, {"app": apps})
    return plan_of(source_of(export, environment))


def test_products_become_tiers_and_keys_applications() -> None:
    """The client's key and secret stay valid."""
    made = plan([product("gold", approvalType="manual")], [app("shop", key("k1", "gold"))])
    (api,) = made.document["apis"]
    assert (api["groupId"], api["assetId"]) == ("apigee", "orders")
    assert [policy["assetId"] for policy in api["policies"]] == [
        "client-id-enforcement",
        "rate-limiting-sla-based",
    ]
    assert api["tiers"] == [
        {
            "name": "gold",
            "autoApprove": False,
            "limits": [{"maximumRequests": 100, "timePeriodInMilliseconds": 3_600_000}],
        }
    ]
    assert api["contracts"] == [{"clientId": "k1", "tier": "gold", "status": "APPROVED"}]
    assert made.document["applications"] == [
        {"name": "shop", "clientId": "k1", "clientSecret": "secret-of-k1"}
    ]
    assert made.refused == 0


def test_a_product_without_a_quota_beside_a_limited_one() -> None:
    """Its tier has a limit that nobody reaches, because one without a limit refuses everything."""
    free = product("free", quota="", quotaInterval="", quotaTimeUnit="")
    made = plan([product("gold"), free], [])
    assert made.document["apis"][0]["tiers"][1]["limits"][0]["maximumRequests"] == 2**53
    alone = plan([free], [])
    assert [each["assetId"] for each in alone.document["apis"][0]["policies"]] == [
        "client-id-enforcement"
    ]


def test_newer_products_have_a_quota_for_each_api() -> None:
    """And services of Apigee's adapter for Envoy are APIs, too."""
    group = {
        "operationConfigs": [
            {
                "apiSource": "bills",
                "operations": [{"resource": "/"}],
                "quota": {"limit": "5", "interval": "2", "timeUnit": "minute"},
            }
        ]
    }
    targets = [{"name": "apigee-remote-service-targets", "value": "cart.example, pay.example"}]
    made = plan([product("gold", proxies=[], operationGroup=group, attributes=targets)], [])
    limits = {api["assetId"]: api["tiers"][0]["limits"][0] for api in made.document["apis"]}
    assert limits["bills"] == {"maximumRequests": 5, "timePeriodInMilliseconds": 120_000}
    assert limits["pay.example"]["maximumRequests"] == 100
    assert set(limits) == {"bills", "cart.example", "pay.example"}


def test_products_that_would_give_access_to_more() -> None:
    """A contract gives access to a whole API, so they are refused, and their contracts, too."""
    group = {
        "operationConfigs": [
            {"apiSource": "bills", "operations": [{"resource": "/**", "methods": ["GET"]}]}
        ]
    }
    products = [
        product("part", apiResources=["/v1/**"]),
        product("read", proxies=[], apiResources=[], operationGroup=group),
        product("odd", quotaTimeUnit="fortnight"),
        product("none", proxies=[]),
    ]
    made = plan(products, [app("shop", key("k1", "part"))])
    found = words(made)
    assert found["SLA tier of orders part"].startswith(
        "refused it gives access to the paths /v1/** only"
    )
    assert found["SLA tier of bills read"].startswith("refused it gives access to some methods")
    assert found["SLA tier of orders odd"].startswith("refused the unit of its quota, 'fortnight'")
    assert found["contract of orders shop"] == "refused its SLA tier 'part' is not imported"
    assert found["other none"] == "refused it names no API"


def test_keys_that_may_not_be_used() -> None:
    """Their contracts give no access."""
    apps = [
        app("a", key("k1", "gold", status="pending"), key("k2", "gold", status="revoked")),
        app("b", key("k3", "gold") | {"status": "revoked"}),
        app("c", key("k4", "gold"), status="revoked"),
        app("d", key("k5", "gold", expiresAt="1900000000000")),
        app("e", key("k6", "gold"), developerId="d2"),
    ]
    made = plan([product("gold")], apps)
    statuses = {
        contract["clientId"]: contract["status"]
        for contract in made.document["apis"][0]["contracts"]
    }
    assert statuses == {
        "k1": "PENDING",
        "k2": "REVOKED",
        "k3": "REVOKED",
        "k4": "REVOKED",
        "k6": "APPROVED",
    }
    assert words(made)["application d"].startswith("refused it expires")


def test_names_are_unique_and_one_product_is_chosen() -> None:
    """An approved one first."""
    apps = [
        app(
            "shop",
            key("k1", "silver")
            | {
                "apiProducts": [
                    {"apiproduct": "silver", "status": "revoked"},
                    {"apiproduct": "gold", "status": "approved"},
                ]
            },
        ),
        app("shop", key("k2", "gold"), key("k3", "other"), developerId="d9"),
    ]
    made = plan([product("silver"), product("gold", scopes=["read"])], apps)
    assert [each["name"] for each in made.document["applications"]] == [
        "shop (ann@example.com)",
        "shop (d9)",
        "shop (d9) 2",
    ]
    contracts = made.document["apis"][0]["contracts"]
    assert contracts[0] == {"clientId": "k1", "tier": "gold", "status": "APPROVED"}
    found = words(made)
    assert found["contract of orders shop (ann@example.com)"] == (
        "approximated a contract has one tier: silver is left out"
    )
    assert "OAuth scopes are not asked for" in found["API instance orders"]


def test_products_of_one_environment() -> None:
    """A product without environments is in all of them."""
    products = [product("test", environments=["test"]), product("all")]
    made = plan(products, [], "prod")
    assert [tier["name"] for tier in made.document["apis"][0]["tiers"]] == ["all"]
