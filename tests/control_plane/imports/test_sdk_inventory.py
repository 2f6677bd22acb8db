"""Inventories of anypoint-sdk."""

from typing import Any

import pytest

from control_plane.errors import Invalid
from control_plane.imports.sdk_inventory import source_of
from tests.control_plane.imports.planning import plan_of, words

LIMITS = {"rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1000}]}


def policy(asset_id: str | None, configuration: Any, **facts: Any) -> dict[str, Any]:
    """A row of a policy."""
    metadata = {"asset_id": asset_id, "scope": "api", "order": 1, "disabled": False, **facts}
    return {"policy_name": asset_id, "policy_config": configuration, "metadata": metadata}


def client(name: str, **facts: Any) -> dict[str, Any]:
    """A row of a client with a contract."""
    known = {"app_name": name, "client_id": name.lower(), "client_secret": "sx"}
    return {**known, "contract_status": "APPROVED", "sla_tier_name": "", **facts}


def record(environment: str = "Production", **facts: Any) -> dict[str, Any]:
    """The record of an API instance."""
    policies = facts.pop("policies", [])
    data = {
        "group_id": "org.example",
        "asset_id": "orders",
        "asset_version": "1.0.0",
        "technology": "flexGateway",
        "endpoint_uri": "http://up.example",
        "environment_name": environment,
        "client_applications": [],
        "sla_tiers": [],
        **facts,
    }
    return {"metadata": {"anypoint_data": data}, "policy_configurations": policies, "tags": []}


def test_a_record() -> None:
    """Policies in their order; those of the environment are automated policies, once."""
    automated = policy("cors-flex", {}, scope="environment")
    policies = [
        policy("rate-limiting-flex", LIMITS, order=2),
        policy("ip-allowlist", {"ips": ["::1"]}, pointcut_data=None),
        automated,
    ]
    tier = {"name": "Gold", "max_requests": 5, "time_period_seconds": 0.5, "scope": "api"}
    rows = [
        record(
            policies=policies,
            sla_tiers=[tier],
            client_applications=[client("Shop", sla_tier_name="Gold")],
        ),
        record(asset_id="bills", policies=[automated], client_applications=[client("Shop")]),
    ]
    plan = plan_of(source_of(rows, None))
    assert plan.document["automatedPolicies"] == [{"assetId": "cors"}]
    assert plan.document["applications"] == [
        {"name": "Shop", "clientId": "shop", "clientSecret": "sx"}
    ]
    orders, bills = plan.document["apis"]
    assert [each["assetId"] for each in orders["policies"]] == ["ip-allowlist", "rate-limiting"]
    assert orders["tiers"][0]["limits"] == [{"maximumRequests": 5, "timePeriodInMilliseconds": 500}]
    assert orders["contracts"] == [{"clientId": "shop", "tier": "Gold", "status": "APPROVED"}]
    assert orders["endpoint"] == {"uri": "http://up.example"}
    assert bills["contracts"] == [{"clientId": "shop", "status": "APPROVED"}]
    assert plan.refused == 0


def test_what_belongs_to_groups_or_has_no_limit_is_refused() -> None:
    """Contracts on such tiers, too."""
    tiers = [
        {"name": "Team", "max_requests": 5, "time_period_seconds": 1, "scope": "group"},
        {"name": "Free", "max_requests": None, "time_period_seconds": None},
    ]
    clients = [
        client("Shop", contract_type="group"),
        client("Cart", sla_tier_name="Free", client_id=None, client_secret=None),
    ]
    plan = plan_of(
        source_of(
            [
                record(sla_tiers=tiers, client_applications=clients, policies=[policy(None, None)]),
                {"metadata": {}},
            ],
            "Production",
        ),
        allow_open=True,
    )
    found = words(plan)
    name = "orders 1.0.0"
    assert found[f"SLA tier of {name} Team"] == "refused it is a tier of an API group"
    assert found[f"SLA tier of {name} Free"] == "refused the inventory has no limit of it"
    assert found[f"contract of {name} Shop"] == "refused it is a contract with an API group"
    assert found[f"contract of {name} Cart"] == "refused its SLA tier 'Free' is not imported"
    assert found[f"policy of {name} policy"].startswith("refused its type is not named")
    assert found["application Cart"].startswith("approximated the source does not tell")
    assert found["other record 1"].startswith("refused metadata.anypointData: is required; ")


@pytest.mark.parametrize(
    "row", [5, policy("cors", {}, scope="group"), policy("cors", {}, order="first")]
)
def test_a_policy_that_cannot_be_read_is_not_left_out(row: Any) -> None:
    """Its API would be open."""
    plan = plan_of(source_of([record(policies=[row])], None))
    assert plan.document == {"version": 1}
    assert words(plan)["policy of orders 1.0.0 policy 0"].startswith("refused ")


def test_a_record_without_a_list_of_policies_is_refused() -> None:
    """It does not say that there are none."""
    unknown = record()
    del unknown["policy_configurations"]
    assert plan_of(source_of([unknown], None)).document == {"version": 1}


def test_one_environment_is_imported() -> None:
    """The admin says which one if there are several."""
    rows = [record(), record("Sandbox", asset_id="bills")]
    plan = plan_of(source_of(rows, "Sandbox"))
    assert [api["assetId"] for api in plan.document["apis"]] == ["bills"]
    with pytest.raises(Invalid, match="several environments: choose one of Production, Sandbox"):
        source_of(rows, None)
    with pytest.raises(Invalid, match="no environment 'Test', but Production, Sandbox"):
        source_of(rows, "Test")
    with pytest.raises(Invalid, match="record: a list of objects is needed"):
        source_of({"not": "a list"}, None)
