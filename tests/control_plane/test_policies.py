"""Policies and automated policies, with the official field names."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.protocol.conditional import unchanged
from support.admin import AdminError
from tests.control_plane.conftest import Platform
from tests.rig.clock import DatetimeClock

RATE_LIMITS = {"rateLimits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000}]}
POINTCUT = [{"methodRegex": "GET|POST", "uriTemplateRegex": "/orders/.*"}]


async def test_the_gateway_sees_active_policies_in_order(platform: Platform) -> None:
    """Full info gives what is to be enforced; without it the disabled ones show too."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    first = await admin.apply_policy(api_id, "rate-limiting", RATE_LIMITS)
    second = await admin.apply_policy(
        api_id, "ip-allowlist", {"ips": ["10.0.0.0/8"]}, pointcutData=POINTCUT
    )
    third = await admin.apply_policy(api_id, "access-block", {}, disabled=True)
    assert [policy["order"] for policy in (first, second, third)] == [1, 2, 3]
    path = f"{platform.apis}/{api_id}/policies"
    orders = [{"id": first["id"], "order": 2}, {"id": second["id"], "order": 1}]
    await admin.ask("PATCH", path, orders)
    active = (await platform.gateway.get(path)).json()["policies"]
    assert [policy["assetId"] for policy in active] == ["ip-allowlist", "rate-limiting"]
    assert active[0]["pointcutData"] == POINTCUT
    assert active[0]["configurationData"] == {"ips": ["10.0.0.0/8"]}
    assert active[0]["implementationAsset"]["technology"] == "flexGateway"
    everything = (await platform.gateway.get(f"{path}?fullInfo=false")).json()
    assert [policy["disabled"] for policy in everything] == [False, False, True]
    assert "implementationAsset" not in everything[0]


async def test_a_policy_changes_only_in_what_is_sent(platform: Platform) -> None:
    """A PATCH leaves the rest alone, and null takes a pointcut away."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    made = await admin.apply_policy(
        api_id, "ip-blocklist", {"ips": ["192.0.2.1"]}, pointcutData=POINTCUT
    )
    changed = await admin.change_policy(api_id, made["id"], configurationData={"ips": ["::1"]})
    assert changed["configurationData"] == {"ips": ["::1"]}
    assert changed["pointcutData"] == POINTCUT
    whole = await admin.change_policy(api_id, made["id"], pointcutData=None, disabled=True)
    assert whole["pointcutData"] is None
    path = f"{platform.apis}/{api_id}/policies/{made['id']}"
    assert (await admin.ask("GET", path))["disabled"] is True
    await admin.delete_policy(api_id, made["id"])
    assert (await platform.refusal("GET", path)).status == 404


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"configurationData": []}, "configurationData"),
        ({"configurationData": {"a": float("inf")}}, "Infinity is not JSON"),
        ({"configurationData": {"a": "\ud800"}}, "configurationData"),
        ({"configurationData": None}, "configurationData"),
        ({"assetId": None}, "assetId"),
        ({"assetVersion": 1}, "assetVersion"),
        ({"pointcutData": {}}, "pointcutData"),
        ({"pointcutData": [{"methodRegex": "GET"}]}, "pointcutData.0.uriTemplateRegex"),
        ({"order": 0}, "order"),
        ({"order": True}, "order"),
    ],
)
async def test_a_bad_policy_names_the_field(
    platform: Platform, change: dict[str, Any], named: str
) -> None:
    """What could not be sent to a gateway is not stored either."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    good = {"assetId": "rate-limiting", "assetVersion": "1.4.0", "configurationData": RATE_LIMITS}
    response = await platform.anyone.post(
        f"{platform.apis}/{api_id}/policies",
        content=json.dumps(good | change),
        headers={"Content-Type": "application/json"} | platform.admin.authorization,
    )
    assert response.status_code == 400
    assert named in response.json()["message"]
    listed = await platform.gateway.get(f"{platform.apis}/{api_id}/policies?fullInfo=false")
    assert listed.json() == []


async def test_a_policy_belongs_to_its_api_alone(platform: Platform) -> None:
    """The id of another API's policy names nothing here."""
    one, other = [(await platform.admin.create_api(name))["id"] for name in ("a", "b")]
    policy = await platform.admin.apply_policy(one, "cors", {})
    with pytest.raises(AdminError) as refused:
        await platform.admin.delete_policy(other, policy["id"])
    assert refused.value.status == 404


@pytest.mark.parametrize("form", ["seconds", "milliseconds", "date"])
async def test_unchanged_policies_answer_304(platform: Platform, form: str) -> None:
    """A gateway that sends the last Date back is spared the list until something changes."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    path = f"{platform.apis}/{api_id}/policies"
    platform.clock.move(seconds=10)
    first = await platform.gateway.get(path)
    at = platform.clock.now().timestamp()
    since = {
        "seconds": str(int(at)),
        "milliseconds": str(int(at * 1000)),
        "date": first.headers["Date"],
    }[form]
    again = await platform.gateway.get(path, headers={"If-Modified-Since": since})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Date"] == first.headers["Date"]
    await platform.admin.apply_policy(api_id, "ip-blocklist", {"ips": ["192.0.2.1"]})
    changed = await platform.gateway.get(path, headers={"If-Modified-Since": since})
    assert changed.status_code == 200
    assert len(changed.json()["policies"]) == 1


@pytest.mark.parametrize("kind", ["change", "disable", "delete", "reorder"])
async def test_every_change_to_a_policy_is_news(platform: Platform, kind: str) -> None:
    """No way of changing policies may hide behind a 304."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    policy_id = (await admin.apply_policy(api_id, "ip-blocklist", {"ips": ["192.0.2.1"]}))["id"]
    path = f"{platform.apis}/{api_id}/policies"
    platform.clock.move(seconds=10)
    since = {"If-Modified-Since": (await platform.gateway.get(path)).headers["Date"]}
    assert (await platform.gateway.get(path, headers=since)).status_code == 304
    if kind == "change":
        await admin.change_policy(api_id, policy_id, configurationData={"ips": ["::1"]})
    elif kind == "disable":
        await admin.change_policy(api_id, policy_id, disabled=True)
    elif kind == "delete":
        await admin.delete_policy(api_id, policy_id)
    else:
        await admin.ask("PATCH", path, [{"id": policy_id, "order": 9}])
    assert (await platform.gateway.get(path, headers=since)).status_code == 200


@given(st.text() | st.floats().map(str) | st.integers().map(str))
def test_no_condition_breaks_the_answer(text: str) -> None:
    """Whatever stands in if-modified-since, there is an answer; nonsense is no condition."""
    now = DatetimeClock().now()
    assert unchanged(now, text, now) is False


async def test_automated_policies_are_listed_per_environment(platform: Platform) -> None:
    """Create, order, change and delete a policy for all API instances of the environment."""
    admin = platform.admin
    last = await admin.apply_automated_policy("ip-blocklist", {"ips": ["192.0.2.1"]})
    first = await admin.apply_automated_policy("access-block", {}, order=1)
    path = f"{platform.organization}/automated-policies"
    query = f"?environmentId={platform.credentials.environment_id}"
    listed = (await platform.gateway.get(path + query)).json()
    assert listed["total"] == 2
    assert [row["id"] for row in listed["automatedPolicies"]] == [first["id"], last["id"]]
    assert last["order"] is None
    own = f"{path}/{last['id']}"
    changed = await admin.ask("PATCH", own, {"configurationData": {"ips": ["::1"]}})
    assert changed["configurationData"] == {"ips": ["::1"]}
    assert changed["ruleOfApplication"] == last["ruleOfApplication"]
    assert (await platform.gateway.get(own)).json() == changed
    await admin.delete_automated_policy(last["id"])
    assert (await platform.refusal("GET", own)).status == 404


@pytest.mark.parametrize(
    ("body", "named", "status"),
    [
        ({"ruleOfApplication": {}}, "ruleOfApplication.environmentId", 400),
        ({"ruleOfApplication": {"environmentId": "other"}}, "other", 404),
        ({"configurationData": 5}, "configurationData", 400),
    ],
)
async def test_a_bad_automated_policy_names_the_field(
    platform: Platform, body: dict[str, Any], named: str, status: int
) -> None:
    """A policy for an environment that is not there is refused."""
    good = {
        "ruleOfApplication": {"environmentId": platform.credentials.environment_id},
        "assetId": "rate-limiting",
        "assetVersion": "1.0.0",
        "groupId": "g",
        "configurationData": RATE_LIMITS,
    }
    path = f"{platform.organization}/automated-policies"
    error = await platform.refusal("POST", path, good | body)
    assert error.status == status
    assert named in str(error)
