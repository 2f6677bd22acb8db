"""What clients say about an API instance is kept as they said it, or refused by name."""

from typing import Any

import pytest

from support.admin import AdminError
from tests.control_plane.conftest import ON_SQLITE, Platform

pytestmark = ON_SQLITE

ENDPOINT = {"type": "http", "uri": "http://a.test", "proxyUri": "http://b.test/x", "ours": [1]}


async def test_a_part_of_an_endpoint_leaves_the_rest(platform: Platform) -> None:
    """`anypoint-sdk` sends only what it changes. null is a value, as in the official schema."""
    made = await platform.admin.create_api("orders", endpoint=ENDPOINT)
    path = f"{platform.apis}/{made['id']}"
    part = {"uri": "http://c.test", "proxyUri": None}
    changed = await platform.admin.ask("PATCH", path, {"endpoint": part})
    assert changed["endpoint"] == made["endpoint"] | part
    assert changed["endpoint"]["ours"] == [1]
    gone = await platform.admin.ask("PATCH", path, {"endpoint": None})
    assert (gone["endpoint"]["uri"], gone["endpoint"]["type"]) == (None, None)


async def test_an_endpoint_stays_small(platform: Platform) -> None:
    """Parts that are small by themselves must not add up without end."""
    made = await platform.admin.create_api("orders", endpoint={"a": "x" * 40_000})
    path = f"{platform.apis}/{made['id']}"
    refused = await platform.refusal("PATCH", path, {"endpoint": {"b": "x" * 40_000}})
    assert (refused.status, "endpoint: more than" in str(refused)) == (400, True)


async def test_the_consumer_endpoint_is_what_was_sent(platform: Platform) -> None:
    """It has nothing to do with where the service itself is."""
    plain = await platform.admin.create_api("plain", endpoint=ENDPOINT)
    assert plain["endpointUri"] is None
    made = await platform.admin.create_api("orders", endpointUri="https://api.test/orders")
    assert made["endpointUri"] == "https://api.test/orders"
    path = f"{platform.apis}/{made['id']}"
    for value in ("", "https://api.test/v2", None):
        assert (await platform.admin.ask("PATCH", path, {"endpointUri": value}))[
            "endpointUri"
        ] == value
    assert (await platform.refusal("PATCH", path, {"endpointUri": "orders"})).status == 400


async def test_what_means_nothing_here_is_kept(platform: Platform) -> None:
    """The vendor's Terraform provider compares answers with what it sent."""
    sent: dict[str, Any] = {
        "approvalMethod": "manual",
        "deployment": {"type": "HY", "targetId": "t", "expectedStatus": "deployed"},
    }
    made = await platform.admin.create_api("orders", **sent)
    path = f"{platform.apis}/{made['id']}"
    read = await platform.admin.ask("GET", path)
    assert {name: read[name] for name in sent} == sent
    cleared: dict[str, Any] = dict.fromkeys(sent)
    changed = await platform.admin.ask("PATCH", path, cleared)
    assert {name: changed[name] for name in sent} == cleared


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"technology": "mule4", "assetId": "other"}, "assetId: can't change; technology: can't"),
        ({"productVersion": "v2"}, "productVersion: can't change"),
        ({"pinned": True}, "pinned: can't change"),
        ({"spec": {"groupId": "g", "assetId": "orders", "version": "2"}}, "groupId: can't change"),
        ({"deployment": {"a": "x" * 20_000}}, "deployment: must have at most 16384 characters"),
        ({"deployment": []}, "deployment: must be an object"),
        ({"routing": {}}, "routing: must be a list"),
    ],
)
async def test_what_can_not_be_done_is_refused_by_name(
    platform: Platform, change: dict[str, Any], told: str
) -> None:
    """A change that is dropped silently looks like one that was made."""
    made = await platform.admin.create_api("orders")
    refused = await platform.refusal("PATCH", f"{platform.apis}/{made['id']}", change)
    assert refused.status == 400
    assert told in str(refused)


async def test_an_answer_may_be_sent_back_with_a_new_version(platform: Platform) -> None:
    """Terraform sends `spec` and `technology` with every change."""
    made = await platform.admin.create_api("orders")
    spec = {"groupId": made["groupId"], "assetId": "orders", "version": "2.1.0"}
    path = f"{platform.apis}/{made['id']}"
    changed = await platform.admin.ask("PATCH", path, made | {"spec": spec, "tags": ["t"]})
    assert (changed["assetVersion"], changed["productVersion"]) == ("1.0.0", "v1")
    changed = await platform.admin.ask("PATCH", path, {"spec": spec, "technology": "flexGateway"})
    assert (changed["assetVersion"], changed["productVersion"]) == ("2.1.0", "v2")


async def test_a_product_version_follows_from_the_version(platform: Platform) -> None:
    """`anypoint-sdk` may send it with a new API instance, and a promotion that is no promotion."""
    made = await platform.admin.create_api("orders", productVersion="v1", promote=False)
    assert made["productVersion"] == "v1"
    spec = {"groupId": "g", "assetId": "a", "version": "1.0.0"}
    body = {"spec": spec, "productVersion": "2023"}
    assert "productVersion: " in str(await platform.refusal("POST", platform.apis, body))


async def test_a_second_policy_of_a_type_must_be_confirmed(platform: Platform) -> None:
    """A script that runs twice must not double a rate limit."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    path = f"{platform.apis}/{api_id}/policies"
    policy = {"assetId": "cors", "assetVersion": "1.0.0", "configurationData": {}}
    await platform.admin.ask("POST", path, policy)
    refused = await platform.refusal("POST", path, policy)
    assert (refused.status, "allowDuplicated=true" in str(refused)) == (409, True)
    await platform.admin.ask("POST", path, policy, allowDuplicated="true")
    other = (await platform.admin.create_api("other"))["id"]
    await platform.admin.ask("POST", f"{platform.apis}/{other}/policies", policy)


async def test_tags_come_and_go_one_at_a_time(platform: Platform) -> None:
    """A tag that is there already stays once."""
    made = await platform.admin.create_api("orders", tags=["a"])
    path = f"{platform.apis}/{made['id']}"
    for tag in ("b c", "a"):
        await platform.admin.ask("PUT", f"{path}/tags/{tag}")
    assert (await platform.admin.ask("GET", path))["tags"] == ["a", "b c"]
    await platform.admin.ask("DELETE", f"{path}/tags/a")
    assert (await platform.admin.ask("GET", path))["tags"] == ["b c"]
    assert (await platform.refusal("DELETE", f"{path}/tags/a")).status == 404
    many = [f"t{number}" for number in range(100)]
    await platform.admin.ask("PUT", path, {"tags": many})
    assert "has 100 tags already" in str(await platform.refusal("PUT", f"{path}/tags/new"))


async def test_gateways_are_told_how_to_find_an_api_instance(platform: Platform) -> None:
    """By its id, and by the names that the list finds it by."""
    made = await platform.admin.create_api("orders", "2.0.0")
    path = f"{platform.apis}/{made['id']}/autodiscoveryProperties"
    found = await platform.admin.ask("GET", path, gatewayVersion="4.4.0")
    names = {"apiName": "groupId:org.example:assetId:orders", "apiVersion": f"v2:{made['id']}"}
    assert found == {"apiId": made["id"]} | names
    query = {"autodiscoveryApiName": found["apiName"]}
    query["autodiscoveryInstanceName"] = found["apiVersion"]
    assert (await platform.admin.ask("GET", platform.apis, **query))["total"] == 1
    for wrong in ({}, {"gatewayVersion": "new"}):
        with pytest.raises(AdminError, match="gatewayVersion"):
            await platform.admin.ask("GET", path, **wrong)
