"""What is imported of a source, and what is refused with it."""

from control_plane.imports.source import Part, Source, SourceApi
from tests.control_plane.imports.planning import plan_of, words

LIMITS = {"rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1000}]}
LIMIT = Part("rate-limiting", {"assetId": "rate-limiting", "configurationData": LIMITS})
UNKNOWN = Part("wsdl", {"assetId": "wsdl"})
GOLD = Part("Gold", {"name": "Gold", "limits": LIMITS["rateLimits"]})
SHOP = Part("Shop", {"name": "Shop", "clientId": "s1"})
API = {"groupId": "g", "assetId": "orders", "assetVersion": "1.0.0"}


def contract(**members: str) -> Part:
    """A contract of the shop."""
    return Part("Shop", {"clientId": "s1", **members})


def test_a_whole_environment() -> None:
    """Everything has its place."""
    contracts = (contract(tier="Gold"),)
    api = SourceApi("orders", API, policies=(LIMIT,), tiers=(GOLD,), contracts=contracts)
    plan = plan_of(Source((api,), (SHOP,), (LIMIT,)))
    assert plan.document == {
        "version": 1,
        "apis": [
            {
                **API,
                "policies": [LIMIT.members],
                "tiers": [GOLD.members],
                "contracts": [{"clientId": "s1", "tier": "Gold"}],
            }
        ],
        "applications": [SHOP.members],
        "automatedPolicies": [LIMIT.members],
    }
    assert set(words(plan).values()) == {"exact"}
    assert plan.refused == 0


def test_an_api_is_not_imported_without_one_of_its_policies() -> None:
    """It would be more open than before. What belongs to it is refused with it."""
    source = Source((SourceApi("orders", API, policies=(UNKNOWN, LIMIT), tiers=(GOLD,)),))
    plan = plan_of(source)
    assert plan.document == {"version": 1}
    found = words(plan)
    assert found["API instance orders"] == (
        "refused one of its policies is refused, and the API would be open without it"
    )
    assert found["policy of orders wsdl"].startswith("refused assetId: ")
    assert found["policy of orders rate-limiting"] == "refused its API instance is refused"
    assert found["SLA tier of orders Gold"] == "refused its API instance is refused"
    wanted = plan_of(source, allow_open=True)
    assert wanted.document["apis"] == [
        {**API, "policies": [LIMIT.members], "tiers": [GOLD.members]}
    ]
    assert wanted.refused == 1


def test_a_refused_policy_that_is_disabled_opens_nothing() -> None:
    """It protected nothing before either."""
    disabled = Part("wsdl", {"assetId": "wsdl", "disabled": True})
    plan = plan_of(Source((SourceApi("orders", API, policies=(disabled,)),)))
    assert plan.document["apis"] == [API]


def test_an_automated_policy_protects_all_apis() -> None:
    """So without it, none of them is imported."""
    source = Source((SourceApi("orders", API),), automated_policies=(UNKNOWN,))
    assert plan_of(source).document == {"version": 1}
    assert plan_of(source, allow_open=True).document["apis"] == [API]


def test_a_contract_needs_its_application_and_its_tier() -> None:
    """Without its tier it would have no limit."""
    no_gold = Part("Gold", {"name": "Gold"}, refusal="the source has no limit of it")
    contracts = (contract(), contract(tier="Gold"), contract(requestedTier="Silver"))
    api = SourceApi("orders", API, tiers=(no_gold,), contracts=contracts)
    plan = plan_of(Source((api,), (SHOP,)))
    assert plan.document["apis"][0]["contracts"] == [{"clientId": "s1"}]
    reasons = [finding.reason for finding in plan.findings if finding.kind.startswith("contract")]
    assert reasons == [
        "",
        "its SLA tier 'Gold' is not imported",
        "its SLA tier 'Silver' is not imported",
    ]
    alone = plan_of(Source((SourceApi("orders", API, contracts=(contract(),)),)))
    assert words(alone)["contract of orders Shop"] == "refused its application is not imported"


def test_no_secret_in_a_repr() -> None:
    """Plans and sources may be logged."""
    secret = Part("Shop", {"name": "Shop", "clientSecret": "hidden-value"})
    plan = plan_of(Source(applications=(secret,)))
    assert "hidden-value" not in repr((secret, plan))


def test_what_a_platform_would_refuse_is_refused_alone() -> None:
    """Not everything with it, and what needs it is refused, too."""
    none = Part("None", {"name": "None", "limits": [{"maximumRequests": 0}]})
    odd = Part("Odd", {"name": "Odd", "clientId": "not an id", "clientSecret": "hush"})
    contracts = (contract(tier="None"), contract(tier="Gold"), contract(tier="Gold", status="X"))
    apis = (
        SourceApi("orders", API, tiers=(none, GOLD), contracts=contracts),
        SourceApi("nameless", {**API, "assetId": ""}),
    )
    plan = plan_of(Source(apis, (SHOP, odd)))
    assert [api["contracts"] for api in plan.document["apis"]] == [[contracts[1].members]]
    assert plan.document["applications"] == [SHOP.members]
    reasons = [finding.reason for finding in plan.findings if finding.reason]
    assert len(reasons) == plan.refused == 5
    assert reasons[0] == "clientId: has characters that are not allowed here"
    assert "maximumRequests: must be at least 1" in reasons[1]
    assert "hush" not in "".join(reasons)
