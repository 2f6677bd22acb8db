"""Environments of Anypoint Platform."""

from typing import Any

from control_plane.imports.anypoint import Answers, ApiAnswers, source_of
from tests.control_plane.imports.planning import plan_of, words

INSTANCE = {
    "id": 7,
    "groupId": "org.example",
    "assetId": "orders",
    "assetVersion": "1.0.0",
    "instanceLabel": "eu",
    "technology": "flexGateway",
    "endpointUri": None,
    "endpoint": {"id": 4, "uri": "http://up.example", "proxyUri": None, "audit": {}},
    "deprecated": False,
    "audit": {"created": {"date": "2026-01-01T00:00:00Z"}},
}
LIMITS = {"rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1000}]}
LIVE = {
    "policyId": 3,
    "order": 2,
    "configuration": LIMITS,
    "pointcutData": [{"methodRegex": "GET", "uriTemplateRegex": "/a"}],
    "template": {"assetId": "rate-limiting", "assetVersion": "1.3.0"},
    "implementationAsset": {"assetId": "rate-limiting-flex", "version": "1.3.1"},
}
OFFICIAL = {"id": 2, "order": 1, "assetId": "ip-allowlist", "configurationData": {"ips": ["::1"]}}
TIER = {
    "id": 11,
    "name": "Gold",
    "status": "ACTIVE",
    "autoApprove": True,
    "limits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000, "visible": False}],
    "applicationCount": 3,
}
SHOP = {"id": 5, "name": "Shop", "clientId": "s1", "clientSecret": "sx", "redirectUri": []}


def plan(api: ApiAnswers, **others: Any) -> Any:
    """The plan for one API instance."""
    return plan_of(source_of(Answers([api], **others)))


def test_both_shapes_of_policies_in_their_order() -> None:
    """The live platform and the official document name members differently."""
    made = plan(ApiAnswers(INSTANCE, {"policies": [LIVE, OFFICIAL]}))
    assert made.document["apis"] == [
        {
            "groupId": "org.example",
            "assetId": "orders",
            "assetVersion": "1.0.0",
            "instanceLabel": "eu",
            "technology": "flexGateway",
            "endpoint": {"uri": "http://up.example"},
            "policies": [
                {"assetId": "ip-allowlist", "configurationData": {"ips": ["::1"]}},
                {
                    "assetId": "rate-limiting",
                    "configurationData": LIMITS,
                    "pointcutData": LIVE["pointcutData"],
                },
            ],
        }
    ]
    assert set(words(made).values()) == {"exact"}


def test_applications_with_their_tiers_and_contracts() -> None:
    """Credentials survive if the platform tells them."""
    contracts = {
        "contracts": [
            {"applicationId": 5, "status": "APPROVED", "tierId": 11},
            {"applicationId": 6, "status": "PENDING", "requestedTierId": 11, "tierId": None},
            {"applicationId": 9, "status": "APPROVED"},
            {"applicationId": 5, "status": "APPROVED", "tierId": 99},
        ]
    }
    cart = {"id": 6, "name": "Cart"}
    made = plan(
        ApiAnswers(INSTANCE, tiers={"tiers": [TIER]}, contracts=contracts),
        applications={"applications": [SHOP, cart]},
    )
    (api,) = made.document["apis"]
    assert api["tiers"] == [
        {
            "name": "Gold",
            "status": "ACTIVE",
            "autoApprove": True,
            "limits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000, "visible": False}],
        }
    ]
    assert api["contracts"] == [
        {"clientId": "s1", "tier": "Gold", "status": "APPROVED"},
        {"application": "Cart", "requestedTier": "Gold", "status": "PENDING"},
    ]
    assert made.document["applications"] == [
        {"name": "Shop", "clientId": "s1", "clientSecret": "sx"},
        {"name": "Cart"},
    ]
    found = words(made)
    assert found["application Cart"] == (
        "approximated the source does not tell its secret: the client needs a new one"
    )
    assert found["contract of orders eu application 9"] == (
        "refused its application is not in the organization's list"
    )
    assert found["contract of orders eu Shop"] == "refused its SLA tier 'tier 99' is not imported"


def test_what_cannot_be_imported() -> None:
    """Custom policies, hidden secrets, policies of Mule 3, and rows that make no sense."""
    custom = {"assetId": "mine", "groupId": "org.example"}
    hidden = {"assetId": "http-basic-authentication", "configurationData": {"password": "*****"}}
    nameless = {"policyTemplateId": "3", "configurationData": {}}
    made = plan(
        ApiAnswers(INSTANCE, [custom, hidden, nameless, 5]),
        applications=[{"name": "no id"}],
    )
    assert made.document == {"version": 1}
    found = words(made)
    assert found["policy of orders eu mine"] == (
        "refused it is a custom policy of the group org.example"
    )
    assert found["policy of orders eu http-basic-authentication"] == (
        "refused the source hides configurationData.password"
    )
    assert found["policy of orders eu policy"] == (
        "refused its type is not named (a policy of Mule 3)"
    )
    assert found["policy of orders eu policy 3"].startswith("refused ")
    assert found["application no id"] == "refused id: is required"


def test_an_answer_without_a_list_of_policies_opens_no_api() -> None:
    """Neither of the API instance nor of the environment."""
    strange = {"items": [OFFICIAL]}
    assert plan(ApiAnswers(INSTANCE, strange)).document == {"version": 1}
    assert plan(ApiAnswers(INSTANCE), automated_policies=strange).document == {"version": 1}


def test_an_instance_of_mule_is_approximated_and_a_broken_one_refused() -> None:
    """Envoy takes the place of the Mule runtime."""
    mule = plan(ApiAnswers({**INSTANCE, "technology": "mule4", "deprecated": True}))
    assert words(mule)["API instance orders eu"].startswith("approximated Envoy enforces")
    assert mule.document["apis"][0]["deprecated"] is True
    routed = plan(ApiAnswers({**INSTANCE, "routing": [{"upstreams": [{"id": "u"}]}]}))
    assert words(routed)["API instance orders eu"].startswith("approximated Envoy routes")
    broken = plan(ApiAnswers({"id": 7, "assetId": "orders"}))
    assert "groupId: is required" in words(broken)["API instance orders"]


def test_automated_policies_keep_their_range() -> None:
    """They name implementations, one for each technology."""
    rule = {"environmentId": "e", "range": {"from": "4.1.0"}, "technologies": ["flexGateway"]}
    automated = {
        "automatedPolicies": [
            {
                "id": 1,
                "ruleOfApplication": rule,
                "configurationData": {"ips": ["::1"]},
                "implementationAssets": [{"assetId": "ip-allowlist-flex"}],
            }
        ]
    }
    made = plan(ApiAnswers(INSTANCE), automated_policies=automated)
    assert made.document["automatedPolicies"] == [
        {
            "assetId": "ip-allowlist",
            "configurationData": {"ips": ["::1"]},
            "ruleOfApplication": {"range": {"from": "4.1.0"}, "technologies": ["flexGateway"]},
        }
    ]
