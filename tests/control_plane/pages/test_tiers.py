"""SLA tiers of an API: making and changing them, and what a change means for contracts."""

import re
from typing import Any

import pytest

from control_plane.accounts.roles import Role
from control_plane.store.tables import Environment
from tests.control_plane.conftest import Platform
from tests.control_plane.pages.visitor import Visitor, version_in, visiting_as

LIMIT = {"requests_1": "1,000", "period_1": "1", "unit_1": "hours"}
TIER = {"name": "Gold", "approval": "manual", "status": "ACTIVE", **LIMIT}
STORED = {"maximumRequests": 1000, "timePeriodInMilliseconds": 3_600_000, "visible": True}


def version(page: str) -> str:
    """The version that the form of the page has."""
    found = re.search(r'name="version" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


@pytest.fixture
async def tiers(owner: Visitor, platform: Platform) -> str:
    """The path of an API's tiers."""
    api = await platform.admin.create_api("orders")
    return f"{owner.home}/apis/{api['id']}/tiers"


async def stored(platform: Platform) -> list[dict[str, Any]]:
    """The tiers as the JSON API shows them."""
    found = await platform.admin.ask("GET", f"{platform.apis}/1/tiers")
    return list(found["tiers"])


async def test_a_tier_is_created(owner: Visitor, platform: Platform, tiers: str) -> None:
    """With several limits; rows that are empty are left out."""
    assert "The API has no SLA tier yet." in await owner.page(tiers)
    more = {"requests_3": "5", "period_3": "500", "unit_3": "milliseconds"}
    page = await owner.done(f"{tiers}/new", **TIER, **more)
    assert "The tier Gold is created." in page
    assert "1,000 requests per hour" in page
    assert "5 requests per 500 milliseconds" in page
    [tier] = await stored(platform)
    other = {"maximumRequests": 5, "timePeriodInMilliseconds": 500, "visible": True}
    assert tier["limits"] == [STORED, other]
    assert tier["autoApprove"] is False


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": ""}, "Fill in this field."),
        ({"name": "x" * 257}, "at most 256"),
        ({"name": "a\0"}, "control characters"),
        ({"description": "x" * 4001}, "at most 4,000"),
        ({"approval": "never"}, "Choose one of"),
        ({"status": "GONE"}, "Choose one of"),
        ({"requests_1": "0"}, "from 1 to 9,007,199,254,740,992"),
        ({"requests_1": "x"}, "Write a whole number"),
        ({"requests_1": "1,2,3"}, "Write a whole number"),
        ({"requests_1": "1,0000"}, "Write a whole number"),
        ({"requests_1": "-1"}, "Write a whole number"),
        ({"requests_1": "²"}, "Write a whole number"),
        ({"requests_1": "9" * 5000}, "Write a whole number"),
        ({"period_1": ""}, "Write a whole number"),
        ({"period_1": "8785"}, "from 1 to 8,784"),
        ({"unit_1": "years"}, "Choose a unit."),
        ({"requests_16": "1"}, "Write a whole number"),
    ],
)
async def test_wrong_fields_are_named(
    owner: Visitor, platform: Platform, tiers: str, fields: dict[str, str], expected: str
) -> None:
    """In a new tier as in one that is changed; what was sent stays in the form."""
    await platform.admin.create_tier(1, "Old", [(1, 1000)])
    for form in (f"{tiers}/new", f"{tiers}/1"):
        response = await owner.send(form, **(TIER | fields))
        assert response.status_code == 400
        assert expected in response.text
        if "name" not in fields:
            assert 'value="Gold"' in response.text
    assert [tier["name"] for tier in await stored(platform)] == ["Old"]


async def test_all_wrong_fields_are_named_at_once(owner: Visitor, tiers: str) -> None:
    """Also those of limits."""
    response = await owner.send(f"{tiers}/new", requests_2="x", unit_2="hours")
    for name in ("Name", "Approval", "Requests 2", "Period 2"):
        assert f">{name}</a>" in response.text


async def test_names_are_unique_within_an_api(
    owner: Visitor, platform: Platform, tiers: str
) -> None:
    """A second of the same name is refused at the field."""
    await platform.admin.create_tier(1, "Gold", [(1, 1000)])
    response = await owner.send(f"{tiers}/new", **TIER)
    assert response.status_code == 409
    assert "named &#39;Gold&#39; already" in response.text


async def test_a_change_says_what_it_means_before_it_is_saved(
    owner: Visitor, platform: Platform, tiers: str
) -> None:
    """Other limits reach the contracts; automatic approval approves those that wait."""
    admin = platform.admin
    gold = await admin.create_tier(1, "Gold", [(10, 1000)], auto_approve=False)
    for name in ("a", "b", "c"):
        application = await admin.create_application(name)
        await admin.request_contract(1, application["id"], gold["id"])
    await admin.approve(1, 1)
    page = await owner.page(f"{tiers}/1")
    assert "3 contracts have this tier" in page
    assert re.search(r'value="seconds"\s+selected', page)
    fields = TIER | {"version": version(page), "approval": "automatic"}
    asked = await owner.send(f"{tiers}/1", **fields)
    assert asked.status_code == 200
    assert "1 contract gets the new limits" in asked.text
    assert "2 requests for the tier" in asked.text
    assert (await stored(platform))[0]["limits"][0]["maximumRequests"] == 10
    hidden = dict(re.findall(r'type="hidden" name="([a-z_0-9]+)" value="([^"]*)"', asked.text))
    again = await owner.send(f"{tiers}/1", **hidden, do="edit")
    assert again.status_code == 200
    assert re.search(r'name="requests_1"[^>]*value="1,000"', again.text)
    assert "The tier Gold is saved." in await owner.done(f"{tiers}/1", **hidden)
    assert (await stored(platform))[0]["limits"] == [STORED]
    contracts = await admin.ask("GET", f"{platform.apis}/1/contracts")
    assert {each["status"] for each in contracts["contracts"]} == {"APPROVED"}


async def test_what_changes_no_contract_is_saved_at_once(
    owner: Visitor, platform: Platform, tiers: str
) -> None:
    """Such as a name, or deprecating the tier. Hidden limits stay hidden."""
    hidden = {"maximumRequests": 10, "timePeriodInMilliseconds": 1000, "visible": False}
    body = {"name": "Gold", "status": "ACTIVE", "autoApprove": True, "limits": [hidden]}
    await platform.admin.ask("POST", f"{platform.apis}/1/tiers", body)
    phone = await platform.admin.create_application("phone")
    await platform.admin.request_contract(1, phone["id"], 1)
    page = await owner.page(f"{tiers}/1")
    fields = {"name": "Silver", "approval": "automatic", "status": "DEPRECATED"}
    fields |= {"requests_1": "10", "period_1": "1", "unit_1": "seconds", "visible_1": "false"}
    page = await owner.done(f"{tiers}/1", **fields, version=version(page))
    assert "The tier Silver is saved." in page
    assert "deprecated" in page
    assert (await stored(platform))[0]["limits"] == [hidden]


async def test_the_second_of_two_admins_sees_what_the_first_has_saved(
    owner: Visitor, platform: Platform, tiers: str
) -> None:
    """With the limits of both."""
    await platform.admin.create_tier(1, "Gold", [(10, 1000)])
    seen = version(await owner.page(f"{tiers}/1"))
    await platform.admin.change_tier(1, 1, [(20, 1000)])
    response = await owner.send(f"{tiers}/1", **TIER, version=seen)
    assert response.status_code == 412
    assert "<pre>20</pre>" in response.text
    assert "<pre>1,000</pre>" in response.text
    await owner.done(f"{tiers}/1", **TIER, version=version(response.text))
    assert (await stored(platform))[0]["limits"] == [STORED]


async def test_only_an_unused_tier_is_deleted(
    owner: Visitor, platform: Platform, tiers: str
) -> None:
    """One that a contract has can be deprecated. A revoked contract does not count."""
    admin = platform.admin
    await admin.create_tier(1, "Gold", [(10, 1000)])
    await admin.create_tier(1, "Silver", [(10, 1000)])
    phone = await admin.create_application("phone")
    await admin.request_contract(1, phone["id"], 1)
    assert ">Delete<" not in await owner.page(f"{tiers}/1")
    version = version_in(await owner.page(f"{tiers}/1/delete"))
    response = await owner.send(f"{tiers}/1/delete", version=version)
    assert response.status_code == 409
    assert "Tier 1 is in use by contracts" in response.text
    assert ">Delete<" in await owner.page(f"{tiers}/2")
    assert "Delete the tier Silver?" in await owner.page(f"{tiers}/2/delete")
    assert (await owner.send(f"{tiers}/2/delete", version=version)).status_code == 412
    assert "The tier Silver is deleted." in await owner.confirmed(f"{tiers}/2/delete")
    assert [tier["name"] for tier in await stored(platform)] == ["Gold"]
    await admin.revoke(1, 1)
    assert "Revoked and rejected contracts lose it" in await owner.page(f"{tiers}/1/delete")
    assert "The tier Gold is deleted." in await owner.confirmed(f"{tiers}/1/delete")
    assert "Gold (deleted)" in await owner.page(f"{owner.home}/contracts/1")


async def test_tiers_of_another_api_or_environment_are_not_found(
    owner: Visitor, platform: Platform, tiers: str
) -> None:
    """Whatever address they are asked for at."""
    await platform.admin.create_tier(1, "Gold", [(10, 1000)])
    await platform.admin.create_api("other")
    organization_id = platform.credentials.organization_id
    with platform.services.database.write() as session:
        session.add(Environment(id="other", organization_id=organization_id, name="Other"))
    for path in (
        *(f"{owner.home}/apis/2/tiers/1", f"{tiers}/2", f"{tiers}/x", f"{tiers}/1/delete/x"),
        *("/environments/other/apis/1/tiers", "/environments/other/apis/1/tiers/1"),
    ):
        assert (await owner.open(path)).status_code == 404
        assert (await owner.send(path, **TIER)).status_code in (404, 405)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_changing_needs_the_right(platform: Platform, tiers: str, role: Role) -> None:
    """Those without it see the tiers, and no button."""
    await platform.admin.create_tier(1, "Gold", [(10, 1000)])
    async with visiting_as(platform, role) as visitor:
        page = await visitor.page(tiers)
        assert "Gold" in page
        assert "Create a tier" not in page
        for path in (f"{tiers}/new", f"{tiers}/1", f"{tiers}/1/delete"):
            assert (await visitor.open(path)).status_code == 403
            response = await visitor.send(path, **TIER)
            assert response.status_code == 403
            assert "apis:write" in response.text
