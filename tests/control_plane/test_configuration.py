"""API instances and SLA tiers, with the official field names."""

from typing import Any

import pytest

from support.admin import AdminError
from tests.control_plane.conftest import Platform


async def test_an_api_instance_lives_from_creation_to_deletion(platform: Platform) -> None:
    """Create, find, read, change and delete, as scripts for API Manager do."""
    endpoint = {"uri": "http://orders.test", "proxyUri": None, "isCloudHub": None}
    made = await platform.admin.create_api("orders", instanceLabel="blue", endpoint=endpoint)
    path = f"{platform.apis}/{made['id']}"
    assert (await platform.admin.ask("GET", path)) == made
    assert made["apiId"] == made["id"]
    assert (made["assetId"], made["assetVersion"]) == ("orders", "1.0.0")
    assert made["instanceLabel"] == "blue"
    assert made["endpoint"].items() >= endpoint.items()
    changed = await platform.admin.ask("PATCH", path, {"instanceLabel": "green", "tags": ["x"]})
    assert (changed["instanceLabel"], changed["tags"]) == ("green", ["x"])
    assert changed["endpoint"] == made["endpoint"]
    await platform.admin.delete_api(made["id"])
    assert (await platform.refusal("GET", path)).status == 404
    assert (await platform.admin.ask("GET", platform.apis))["total"] == 0


async def test_the_list_groups_instances_by_asset_and_pages_assets(platform: Platform) -> None:
    """The documented search form: assets, each with all its instances."""
    for asset in ("cats", "ants", "bees"):
        await platform.admin.create_api(asset)
    await platform.admin.create_api("ants", "2.0.0", instanceLabel="next")
    page = await platform.admin.ask("GET", platform.apis, limit=2)
    assert page["total"] == 3
    assert [asset["assetId"] for asset in page["assets"]] == ["ants", "bees"]
    assert [api["assetVersion"] for api in page["assets"][0]["apis"]] == ["1.0.0", "2.0.0"]
    rest = await platform.admin.ask("GET", platform.apis, limit=2, offset=2)
    assert [asset["assetId"] for asset in rest["assets"]] == ["cats"]
    only = await platform.admin.ask("GET", platform.apis, instanceLabel="next")
    assert [len(asset["apis"]) for asset in only["assets"]] == [1]
    found = await platform.admin.ask("GET", platform.apis, query="EE")
    assert [asset["assetId"] for asset in found["assets"]] == ["bees"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "spec"),
        ({"spec": {"groupId": "g", "assetId": ""}}, "spec.assetId"),
        ({"spec": {"groupId": "g", "assetId": "a"}}, "spec.version"),
        (
            {"spec": {"groupId": "g", "assetId": "a", "version": "1"}, "technology": "x"},
            "technology",
        ),
        ({"spec": {"groupId": "g", "assetId": "a", "version": "1"}, "endpoint": []}, "endpoint"),
        ([], "value"),
    ],
)
async def test_a_bad_api_instance_names_the_field(
    platform: Platform, body: Any, named: str
) -> None:
    """A script is told what to mend."""
    error = await platform.refusal("POST", platform.apis, body)
    assert error.status == 400
    assert named in str(error) or named == "value"


async def test_all_faults_are_reported_at_once(platform: Platform) -> None:
    """One round is enough to see everything that is wrong."""
    body = {"spec": {"groupId": 5, "assetId": "", "version": None}}
    error = str(await platform.refusal("POST", platform.apis, body))
    assert all(name in error for name in ("spec.groupId", "spec.assetId", "spec.version"))


async def test_labels_are_unique_in_the_environment(platform: Platform) -> None:
    """Two instances with one label could not be told apart."""
    await platform.admin.create_api("orders", instanceLabel="blue")
    with pytest.raises(AdminError) as refused:
        await platform.admin.create_api("invoices", instanceLabel="blue")
    assert refused.value.status == 409


@pytest.mark.parametrize("api_id", ["0", "-1", "99999999999999999999999", "x", "1.5"])
async def test_impossible_ids_are_refused(platform: Platform, api_id: str) -> None:
    """An id that no row can have is no error of the server."""
    assert (await platform.gateway.get(f"{platform.apis}/{api_id}/policies")).status_code == 400


async def test_a_tier_lives_from_offer_to_deletion(platform: Platform) -> None:
    """Offer, list, change and delete, with the documented status codes."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    path = f"{platform.apis}/{api_id}/tiers"
    tier = await platform.admin.create_tier(api_id, "gold", [(5, 1000), (100, 60_000)])
    listed = (await platform.gateway.get(path)).json()
    assert listed == {"total": 1, "tiers": [tier]}
    assert tier["limits"][1]["timePeriodInMilliseconds"] == 60_000
    changed = await platform.admin.change_tier(api_id, tier["id"], [(7, 1000)])
    assert [limit["maximumRequests"] for limit in changed["limits"]] == [7]
    await platform.admin.ask("PUT", f"{path}/{tier['id']}", {"status": "DEPRECATED"})
    assert (await platform.gateway.get(f"{path}?active=true")).json()["total"] == 0
    await platform.admin.ask("DELETE", f"{path}/{tier['id']}")
    assert (await platform.gateway.get(path)).json()["total"] == 0


@pytest.mark.parametrize(
    ("change", "named", "status"),
    [
        ({"name": "gold"}, "name", 409),
        ({"limits": None}, "limits", 400),
        (
            {"limits": [{"maximumRequests": 0, "timePeriodInMilliseconds": 1}]},
            "limits.0.maximumRequests",
            400,
        ),
        ({"status": "GONE"}, "status", 400),
    ],
)
async def test_a_bad_tier_names_the_field(
    platform: Platform, change: dict[str, Any], named: str, status: int
) -> None:
    """A tier that a gateway could not enforce is refused."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    await platform.admin.create_tier(api_id, "gold", [(5, 1000)])
    good = {
        "name": "silver",
        "status": "ACTIVE",
        "limits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1}],
    }
    error = await platform.refusal("POST", f"{platform.apis}/{api_id}/tiers", good | change)
    assert error.status == status
    assert named in str(error)


async def test_a_tier_in_use_stays(platform: Platform) -> None:
    """A tier can't be taken from under a contract."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    tier = await admin.create_tier(api_id, "gold", [(5, 1000)])
    application = await admin.create_application("phone")
    await admin.request_contract(api_id, application["id"], tier["id"])
    path = f"{platform.apis}/{api_id}/tiers/{tier['id']}"
    assert (await platform.refusal("DELETE", path)).status == 409


async def test_deleting_an_api_takes_everything_with_it(platform: Platform) -> None:
    """Policies, tiers, contracts and tombstones don't keep an API instance alive."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    tier = await admin.create_tier(api_id, "gold", [(5, 1000)])
    phone, watch = [await admin.create_application(name) for name in ("phone", "watch")]
    await admin.request_contract(api_id, phone["id"], tier["id"])
    contract = await admin.request_contract(api_id, watch["id"], tier["id"])
    await admin.revoke(api_id, contract["id"])
    await admin.delete_contract(api_id, contract["id"])
    await admin.apply_policy(api_id, "cors", {})
    await admin.delete_api(api_id)
    feed = await platform.gateway.get(
        platform.feed(api_id), headers={"X-Accept-Hash-Algorithm": "sha256"}
    )
    assert feed.status_code == 404
    await admin.delete_application(phone["id"])
