"""Upstreams of an API instance, and the routes and policies that name them."""

from typing import Any
from uuid import uuid4

from tests.control_plane.conftest import ON_BOTH_DATABASES, ON_SQLITE, Platform

TLS = {"secretGroupId": str(uuid4()), "tlsContextId": str(uuid4())}
CORS = {"assetId": "cors", "assetVersion": "1.0.0", "configurationData": {}}


async def made_api(platform: Platform, **fields: Any) -> tuple[dict[str, Any], str]:
    """A new API instance and its path."""
    api = await platform.admin.create_api("orders", **fields)
    return api, f"{platform.apis}/{api['id']}"


async def listed(platform: Platform, path: str) -> list[dict[str, Any]]:
    """The upstreams of the API instance."""
    found = await platform.admin.ask("GET", f"{path}/upstreams")
    assert found["total"] == len(found["upstreams"])
    upstreams: list[dict[str, Any]] = found["upstreams"]
    return upstreams


@ON_BOTH_DATABASES
async def test_an_upstream_lives_from_creation_to_deletion(platform: Platform) -> None:
    """The five official operations."""
    _, path = await made_api(platform)
    body = {"uri": "https://a.test:8443/x", "label": "blue", "tlsContext": TLS}
    made = await platform.admin.ask("POST", f"{path}/upstreams", body)
    assert made.items() >= body.items()
    own = f"{path}/upstreams/{made['id']}"
    assert await platform.admin.ask("GET", own.replace(made["id"], made["id"].upper())) == made
    assert await listed(platform, path) == [made]
    change = {"label": "green", "tlsContext": None}
    changed = await platform.admin.ask("PATCH", own, change)
    assert changed.items() >= (body | change).items()
    assert "date" in changed["audit"]["updated"]
    await platform.admin.ask("DELETE", own)
    assert await listed(platform, path) == []
    assert (await platform.refusal("GET", own)).status == 404


@ON_BOTH_DATABASES
async def test_routes_make_the_upstreams_that_they_name(platform: Platform) -> None:
    """As both Terraform providers work: one writes addresses into routes, one writes ids."""
    rules = {"methods": "GET|POST", "path": "/orders/.*", "headers": {"x-a": "b"}}
    shares = [{"uri": "http://a.test", "weight": 70}, {"uri": "http://b.test", "weight": 30}]
    routes = [{"label": "main", "rules": rules, "upstreams": shares}]
    api, path = await made_api(platform, routing=routes)
    [route] = api["routing"]
    assert (route["label"], route["rules"]) == ("main", rules)
    assert [one["weight"] for one in route["upstreams"]] == [70, 30]
    first, second = await listed(platform, path)
    assert [one["id"] for one in route["upstreams"]] == [first["id"], second["id"]]
    # With the ids of the answer, and the same address without its id, nothing new is made.
    named = [route["upstreams"][0] | {"uri": "http://c.test"}, shares[1]]
    changed = await platform.admin.ask("PATCH", path, {"routing": [{"upstreams": named}]})
    assert [one["uri"] for one in changed["routing"][0]["upstreams"]] == [
        *("http://c.test", "http://b.test"),
    ]
    assert [one["uri"] for one in await listed(platform, path)] == [
        "http://c.test",
        "http://b.test",
    ]
    await platform.admin.ask("PATCH", f"{path}/upstreams/{first['id']}", {"uri": "http://d.test"})
    read = await platform.admin.ask("GET", path)
    assert read["routing"][0]["upstreams"][0]["uri"] == "http://d.test"
    assert (await platform.admin.ask("PATCH", path, {"routing": None}))["routing"] == []


@ON_SQLITE
async def test_all_upstreams_change_in_one_request(platform: Platform) -> None:
    """As `upstream:bulk-edit` of the vendor's command line does it."""
    api, path = await made_api(platform, upstreams=[{"uri": "http://a.test", "label": None}])
    [before] = await listed(platform, path)
    sent = [{"id": before["id"], "label": None, "uri": before["uri"], "tlsContext": TLS}]
    xapi = path.replace("/api/", "/xapi/")
    assert (await platform.admin.ask("PATCH", xapi, {"upstreams": sent}))["id"] == api["id"]
    assert [one["tlsContext"] for one in await listed(platform, path)] == [TLS]


@ON_SQLITE
async def test_a_route_that_makes_no_sense_is_refused(platform: Platform) -> None:
    """And nothing of it is stored."""
    _, path = await made_api(platform)
    good = {"uri": "http://good.test"}
    place = "routing.0.upstreams.0"
    mistakes: list[tuple[dict[str, Any], str]] = [
        ({"id": str(uuid4())}, f"{place}.id: API instance 1 has no upstream"),
        ({"weight": 5}, f"{place}: an upstream needs an id, or the uri"),
        ({"id": "5"}, f"{place}.id"),
        ({"uri": "a.test"}, f"{place}.uri: must be a URL"),
        (good | {"weight": 101}, f"{place}.weight"),
        (good | {"wait": 1}, f"{place}.wait: unknown field"),
    ]
    for upstream, told in mistakes:
        routes = [{"upstreams": [upstream, good]}]
        refused = await platform.refusal("PATCH", path, {"routing": routes})
        assert (refused.status, told in str(refused)) == (400, True), refused
    assert await listed(platform, path) == []


@ON_SQLITE
async def test_an_upstream_in_use_stays(platform: Platform) -> None:
    """A route or a policy would name something that is not there."""
    upstreams = [{"uri": "http://a.test"}]
    api, path = await made_api(platform, routing=[{"upstreams": upstreams}])
    uid = api["routing"][0]["upstreams"][0]["id"]
    own = f"{path}/upstreams/{uid}"
    refused = await platform.refusal("DELETE", own)
    assert (refused.status, "routing names it" in str(refused)) == (409, True)
    policy = await platform.admin.ask("POST", f"{path}/policies", CORS | {"upstreamIds": [uid]})
    await platform.admin.ask("PATCH", path, {"routing": []})
    assert "names it in upstreamIds" in str(await platform.refusal("DELETE", own))
    await platform.admin.ask("PATCH", f"{path}/policies/{policy['id']}", {"upstreamIds": []})
    await platform.admin.ask("DELETE", own)


@ON_SQLITE
async def test_policies_keep_their_label_and_upstreams(platform: Platform) -> None:
    """The answer says that adapters do not tell upstreams apart."""
    _, path = await made_api(platform)
    made = [
        await platform.admin.ask("POST", f"{path}/upstreams", {"uri": f"http://{name}.test"})
        for name in "ab"
    ]
    first, second = [one["id"] for one in made]
    sent = CORS | {"label": "outbound", "upstreamId": first, "upstreamIds": [second]}
    policy = await platform.admin.ask("POST", f"{path}/policies", sent)
    assert (policy["label"], policy["upstreamIds"]) == ("outbound", [first, second])
    assert "adapters of this project do not read them" in policy["warnings"][0]
    own = f"{path}/policies/{policy['id']}"
    changed = await platform.admin.ask("PATCH", own, {"label": None, "upstreamIds": [first]})
    assert (changed["label"], changed["upstreamIds"]) == (None, [first])
    unknown = {"upstreamIds": [str(uuid4())]}
    refused = await platform.refusal("PATCH", own, unknown)
    assert "upstreamIds: the API instance has no upstream" in str(refused)
    in_list = (await platform.gateway.get(f"{path}/policies")).json()["policies"]
    assert [each["upstreamIds"] for each in in_list] == [[first]]


@ON_SQLITE
async def test_there_is_room_for_a_hundred_upstreams(platform: Platform) -> None:
    """One more is refused, and the rest stays."""
    names = [{"uri": f"http://a{number}.test"} for number in range(100)]
    _, path = await made_api(platform, upstreams=names)
    refused = await platform.refusal("POST", f"{path}/upstreams", {"uri": "http://b.test"})
    assert (refused.status, "has 100 upstreams already" in str(refused)) == (400, True)
    assert len(await listed(platform, path)) == 100


@ON_SQLITE
async def test_outbound_policies_are_applied_where_terraform_does_it(platform: Platform) -> None:
    """It must say which upstreams; afterwards the policy is one like all others."""
    _, path = await made_api(platform)
    upstream = await platform.admin.ask("POST", f"{path}/upstreams", {"uri": "http://a.test"})
    xapi = f"{path.replace('/api/', '/xapi/')}/policies"
    assert "upstreamIds: is required" in str(
        await platform.refusal("POST", f"{xapi}/outbound-policies", CORS)
    )
    body = CORS | {"upstreamIds": [upstream["id"]]}
    made = await platform.admin.ask(
        "POST", f"{xapi}/outbound-policies", body, allowDuplicated="true"
    )
    own = f"{path}/policies/{made['id']}"
    for action, disabled in (("disable", True), ("enable", False)):
        await platform.admin.ask("POST", f"{xapi}/{made['id']}/{action}")
        assert (await platform.admin.ask("GET", own))["disabled"] is disabled
    refused = await platform.refusal("POST", f"{xapi}/{made['id']}/remove")
    assert "action: must be 'enable' or 'disable'" in str(refused)
    rules = path.partition("/environments")[0].replace("/api/", "/xapi/") + "/automated-policies"
    environment_id = platform.credentials.environment_id
    listed = await platform.admin.ask("GET", rules, environmentId=environment_id)
    assert listed == {"automatedPolicies": [], "total": 0}
