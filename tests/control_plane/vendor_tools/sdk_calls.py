"""The calls of anypoint-sdk, in an order in which each can work, on a new platform."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from anypoint_sdk import AnypointClient
from anypoint_sdk.collectors.inventory import build_inventory


@dataclass(frozen=True)
class Sdk:
    """A client, and what most calls begin with."""

    client: AnypointClient
    org: str
    env: str

    def __getattr__(self, name: str) -> Any:
        """The client's groups of calls: `apis`, `policies` and so on."""
        return getattr(self.client, name)


class Call(NamedTuple):
    """One call to try."""

    called: str
    worked: Callable[[Sdk, tuple[str, str]], Any]
    """Makes the call with the organization and the environment. True if the answer is right."""

    note: str = ""
    """For the page: why it does not work, or what to know."""


_PERIOD = [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000, "visible": True}]
_LIMITS = {"rateLimits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000}]}
_RATE_LIMITING = {
    "assetId": "rate-limiting", "assetVersion": "1.0.0", "configurationData": _LIMITS
}  # fmt: skip
_OF_VENDOR = {"group_id": "68ef9520-24e9-4cf2-b2f5-620025690913", "asset_version": "1.0.0"}
_POLICIES = "the only assets are the types of policies"
_NO_GROUPS = "there are no API groups"

CALLS = (
    Call("from_client_credentials", lambda s, _: s.client.get_token()),
    Call("organizations.me", lambda s, _: s.organizations.me()["user"]["id"]),
    Call("organizations.list_accessible", lambda s, _: len(s.organizations.list_accessible()) == 1),
    Call("environments.list", lambda s, _: s.environments.list(s.org)[0]["id"] == s.env),
    Call(
        "environments.list_by_orgs",
        lambda s, _: s.environments.list_by_orgs([{"id": s.org, "name": "o"}])[s.org],
    ),
    Call(
        "apis.create_instance",
        lambda s, at: s.apis.create_instance(
            *at, "orders", "1.0.0", group_id="g", instance_label="eu", upstream_url="http://orders.internal"
        )["id"] == 1,
        "needs `group_id`, which the official document requires",
    ),
    Call("apis.list_instances", lambda s, at: s.apis.list_instances(*at)[0]["assetId"] == "orders"),
    Call("apis.get_instance", lambda s, at: s.apis.get_instance(*at, 1)["instanceLabel"] == "eu"),
    Call(
        "apis.update_instance",
        lambda s, at: s.apis.update_instance(*at, 1, upstream_url="http://b.internal")["endpoint"][
            "uri"
        ] == "http://b.internal",
    ),
    Call(
        "policies.apply_api_policy",
        lambda s, at: s.policies.apply_api_policy(*at, 1, _RATE_LIMITING)["id"] == 1,
    ),
    Call(
        "policies.apply_api_policy_template",
        lambda s, at: s.policies.apply_api_policy_template(
            *at, 1, policy_template_id="cors", configuration={}, **_OF_VENDOR, asset_id="cors"
        )["id"] == 2,
    ),
    Call(
        "policies.update_api_policy",
        lambda s, at: s.policies.update_api_policy(*at, 1, 1, {"label": "x"})["label"] == "x",
    ),
    Call(
        "policies.list_api_policies",
        lambda s, at: [
            each["template"]["assetId"] for each in s.policies.list_api_policies(*at, 1)
        ] == ["rate-limiting", "cors"],
    ),
    Call(
        "policies.delete_api_policy", lambda s, at: s.policies.delete_api_policy(*at, 1, 2) is None
    ),
    Call(
        "policies.create_automated_policy",
        lambda s, at: s.policies.create_automated_policy(
            *at, **_OF_VENDOR, asset_id="rate-limiting", configuration_data=_LIMITS
        )["id"] == 1,
    ),
    Call(
        "policies.list_environment_automated_policies",
        lambda s, at: s.policies.list_environment_automated_policies(*at)[0]["id"] == 1,
    ),
    Call(
        "policies.get_automated_policy",
        lambda s, _: s.policies.get_automated_policy(s.org, 1)["assetId"] == "rate-limiting",
    ),
    Call(
        "policies.update_automated_policy",
        lambda s, _: s.policies.update_automated_policy(s.org, 1, disabled=True)["disabled"],
    ),
    Call(
        "policies.delete_automated_policy",
        lambda s, _: s.policies.delete_automated_policy(s.org, 1) is None,
    ),
    Call(
        "tiers.create_tier",
        lambda s, at: s.tiers.create_tier(*at, 1, "Gold", _PERIOD, auto_approve=True)["id"] == 1,
    ),
    Call(
        "tiers.update_tier",
        lambda s, at: s.tiers.update_tier(*at, 1, 1, "Golden", _PERIOD, auto_approve=True)["name"]
        == "Golden",
    ),
    Call("tiers.list_api_tiers", lambda s, at: s.tiers.list_api_tiers(*at, 1)[0]["id"] == 1),
    Call(
        "applications.create",
        lambda s, _: s.applications.create(s.org, "Shop", description="d")["clientSecret"],
    ),
    Call(
        "applications.update",
        lambda s, _: s.applications.update(s.org, 1, "Store")["name"] == "Store",
    ),
    Call("applications.list", lambda s, _: s.applications.list(s.org)[0]["name"] == "Store"),
    Call(
        "contracts.create_contract",
        lambda s, at: s.contracts.create_contract(
            *at, 1, 1, tier_id=1, group_id="g", asset_id="orders", asset_version="1.0.0"
        )["status"] == "APPROVED",
        "also without `tier_id`",
    ),
    Call(
        "contracts.list_api_contracts",
        lambda s, at: s.contracts.list_api_contracts(*at, 1)[0]["tierName"] == "Golden",
    ),
    Call(
        "collectors.inventory.build_inventory",
        lambda s, _: len(build_inventory(s.client)) == 1,
        "asks several times about each API instance",
    ),
    Call(
        "contracts.revoke_contract",
        lambda s, at: s.contracts.revoke_contract(*at, 1, 1)["status"] == "REVOKED",
    ),
    Call(
        "contracts.delete_contract", lambda s, at: s.contracts.delete_contract(*at, 1, 1) is None
    ),
    Call("tiers.delete_tier", lambda s, at: s.tiers.delete_tier(*at, 1, 1) is None),
    Call("applications.delete", lambda s, _: s.applications.delete(s.org, 1) is None),
    Call(
        "observability.get_api_request_count",
        lambda s, at: s.observability.get_api_request_count(*at, 1, "2026-01-01", "2026-01-02")
        == 0,
        "asks Anypoint Observability; use the [summary](control-plane.md#analytics)",
    ),
    Call("groups.list", lambda s, at: s.groups.list(*at) == [], _NO_GROUPS),
    Call("groups.get", lambda s, at: s.groups.get(*at, 1), _NO_GROUPS),
    Call(
        "groups.find_group_for_api", lambda s, at: s.groups.find_group_for_api(*at, 1), _NO_GROUPS
    ),
    Call("tiers.list_group_tiers", lambda s, at: s.tiers.list_group_tiers(*at, 1), _NO_GROUPS),
    Call(
        "contracts.list_group_contracts",
        lambda s, at: s.contracts.list_group_contracts(*at, 1),
        _NO_GROUPS,
    ),
    Call("exchange.list_assets", lambda s, _: s.exchange.list_assets(), _POLICIES),
    Call("exchange.list_policy_assets", lambda s, _: s.exchange.list_policy_assets()),
    Call(
        "exchange.get_asset",
        lambda s, _: s.exchange.get_asset(_OF_VENDOR["group_id"], "cors")["name"] == "CORS",
        _POLICIES,
    ),
    Call(
        "exchange.list_resources",
        lambda s, _: s.exchange.list_resources(_OF_VENDOR["group_id"], "cors", "1.0.0"),
        "assets have no files and pages here, and none can be published",
    ),
    Call("apis.delete_instance", lambda s, at: s.apis.delete_instance(*at, 1) is None),
)  # fmt: skip
