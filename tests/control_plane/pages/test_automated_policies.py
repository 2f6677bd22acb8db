"""The pages of automated policies: order, on and off, form, and what they mean for the APIs."""

from typing import Any

import pytest

from control_plane.accounts.roles import Role
from control_plane.store.tables import Environment
from tests.control_plane.conftest import Platform
from tests.control_plane.events import denied, send
from tests.control_plane.pages.test_policy_pages import LIMITS, inputs, saved
from tests.control_plane.pages.test_users import version
from tests.control_plane.pages.visitor import Visitor, version_in, visiting_as

BLOCKED = {"ips": ["192.0.2.66"]}


@pytest.fixture
async def automated(owner: Visitor) -> str:
    """The path of the pages; the environment has two API instances."""
    for name in ("orders", "invoices"):
        await owner.platform.admin.create_api(name)
    return f"{owner.home}/automated-policies"


async def stored(platform: Platform) -> list[dict[str, Any]]:
    """The automated policies as the JSON API shows them."""
    path = f"{platform.organization}/automated-policies"
    environment_id = platform.credentials.environment_id
    found = await platform.admin.ask("GET", path, environmentId=environment_id)
    return list(found["automatedPolicies"])


async def test_the_first_policy_is_added_by_a_form(
    owner: Visitor, platform: Platform, automated: str
) -> None:
    """The review says how many API instances it applies to, and which policies it overrides."""
    await platform.admin.apply_policy(1, "ip-blocklist", BLOCKED)
    await platform.admin.apply_policy(2, "ip-blocklist", BLOCKED)
    await platform.admin.apply_policy(2, "ip-blocklist", BLOCKED, disabled=True)
    assert "No policy applies to all APIs of" in await owner.page(automated)
    assert "IP blocklist" in await owner.page(f"{automated}/new?q=address")
    path = f"{automated}/new/ip-blocklist"
    fields = inputs(await owner.page(path)) | {"configurationData.ips": "192.0.2.66"}
    review = (await owner.send(path, do="review", **fields)).text
    assert "It applies to 2 API instances, and to those that are created later." in review
    assert "It overrides 2 policies of the same type" in review
    page = await owner.done(path, do="save", **inputs(review))
    assert "IP blocklist is applied." in page
    assert "They apply to 2 API instances" in page
    assert '<td role="cell" class="number minor">2</td>' in page
    [policy] = await stored(platform)
    assert policy["configurationData"]["ips"] == ["192.0.2.66"]
    environment_id = platform.credentials.environment_id
    assert policy["ruleOfApplication"]["environmentId"] == environment_id
    assert "overridden" in await owner.page(f"{owner.home}/apis/1/policies")
    assert (await owner.open(f"{automated}/new/nonsense")).status_code == 404


async def test_mistakes_are_named_and_nothing_is_stored(
    owner: Visitor, platform: Platform, automated: str
) -> None:
    """As in the form of an API instance's policy."""
    path = f"{automated}/new/ip-blocklist"
    fields = inputs(await owner.page(path))
    for ips in ("not an address", "", "a\0"):
        response = await owner.send(path, do="save", **(fields | {"configurationData.ips": ips}))
        assert response.status_code == 400
        assert 'role="alert"' in response.text
    assert await stored(platform) == []


async def test_a_policy_is_changed(owner: Visitor, platform: Platform, automated: str) -> None:
    """The second of two admins sees what the first has saved."""
    await platform.admin.apply_automated_policy("ip-blocklist", BLOCKED)
    fields = inputs(await owner.page(f"{automated}/1"))
    changed = fields | {"configurationData.ips": "192.0.2.1"}
    assert "IP blocklist is changed." in await saved(owner, f"{automated}/1", **changed)
    assert (await stored(platform))[0]["configurationData"]["ips"] == ["192.0.2.1"]
    mine = fields | {"configurationData.ips": "192.0.2.2"}
    response = await owner.send(f"{automated}/1", do="save", **mine)
    assert response.status_code == 412
    assert "192.0.2.1" in response.text
    assert "192.0.2.2" in response.text
    again = mine | {"do": "save", "version": version(response.text)}
    await owner.done(f"{automated}/1", **again)
    assert (await stored(platform))[0]["configurationData"]["ips"] == ["192.0.2.2"]


async def test_the_order_is_changed_step_by_step(
    owner: Visitor, platform: Platform, automated: str
) -> None:
    """A stale order shows both; another set of policies is refused."""
    for name, configuration in (("ip-blocklist", BLOCKED), ("rate-limiting", LIMITS)):
        await platform.admin.apply_automated_policy(name, configuration)
    page = await owner.page(automated)
    assert page.index("IP blocklist") < page.index("Rate limiting")
    order: dict[str, Any] = {"order": ["1", "2"], "version": "1-2"}
    page = await owner.done(f"{automated}/order", move="2 up", **order)
    assert page.index("Rate limiting") < page.index("IP blocklist")
    assert [each["id"] for each in await stored(platform)] == [2, 1]
    response = await owner.send(f"{automated}/order", move="2 down", **order)
    assert response.status_code == 412
    response = await owner.send(f"{automated}/order", order=["1"], version="2-1")
    assert response.status_code == 412
    response = await owner.send(f"{automated}/order", order=["x"], version="2-1")
    assert response.status_code == 400
    assert [each["id"] for each in await stored(platform)] == [2, 1]


async def test_cors_comes_first(owner: Visitor, platform: Platform, automated: str) -> None:
    """In any case, so it has no buttons to move it."""
    await platform.admin.apply_automated_policy("ip-blocklist", BLOCKED)
    await platform.admin.apply_automated_policy("cors", {"publicResource": True})
    page = await owner.page(automated)
    assert page.index(">CORS<") < page.index("IP blocklist")
    assert "Move CORS up" not in page


async def test_turning_off_and_removing_name_what_ends(
    owner: Visitor, platform: Platform, automated: str
) -> None:
    """How many API instances, requests and policies are concerned."""
    await platform.admin.apply_automated_policy("ip-blocklist", BLOCKED)
    await platform.admin.apply_policy(1, "ip-blocklist", BLOCKED)
    violation = {"policy_id": 1, "policy_name": "ip-blocklist", "outcome": "VIOLATION"}
    batch = [denied(platform) | {"policy_violation": violation} for _ in range(3)]
    assert (await send(platform, batch)).is_success
    for what in ("disable", "remove"):
        asked = await owner.page(f"{automated}/1/{what}")
        assert "Requests to 2 API instances are decided without it." in asked
        assert "It refused 3 requests in the last 24 hours." in asked
        assert "1 policy of the same type" in asked
    assert "IP blocklist is off." in await owner.confirmed(f"{automated}/1/disable")
    assert (await stored(platform))[0]["disabled"] is True
    assert "It is off already" in await owner.page(f"{automated}/1/remove")
    off = version_in(await owner.page(automated))
    assert "IP blocklist is on." in await owner.done(f"{automated}/1/enable", version=off)
    for act in ("enable", "disable", "remove"):
        assert (await owner.send(f"{automated}/1/{act}", version=off)).status_code == 412
    assert (await stored(platform))[0]["disabled"] is False
    assert "IP blocklist is removed." in await owner.confirmed(f"{automated}/1/remove")
    assert await stored(platform) == []


async def test_the_rule_of_application_is_shown_in_words(
    owner: Visitor, platform: Platform, automated: str
) -> None:
    """Also one that excludes the adapters."""
    environment = {"environmentId": platform.credentials.environment_id}
    rules = (
        environment | {"technologies": ["mule4"]},
        environment | {"technologies": ["mule4", "flexGateway"], "range": {"from": "4.1.1"}},
        environment | {"range": {"from": "1.0", "to": "2.0"}},
    )
    for rule in rules:
        await platform.admin.apply_automated_policy("ip-blocklist", BLOCKED, ruleOfApplication=rule)
    page = await owner.page(automated)
    assert "Mule only" in page
    assert "Mule runtimes, Flex gateways, version 4.1.1 on" in page
    assert "all gateways, version 1.0 to 2.0" in page


async def test_policies_of_another_environment_are_not_found(
    owner: Visitor, platform: Platform, automated: str
) -> None:
    """Whatever address they are asked for at."""
    await platform.admin.apply_automated_policy("ip-blocklist", BLOCKED)
    organization_id = platform.credentials.organization_id
    with platform.services.database.write() as session:
        session.add(Environment(id="other", organization_id=organization_id, name="Other"))
    other = automated.replace(platform.credentials.environment_id, "other")
    assert "IP blocklist" not in await owner.page(other)
    for part in ("", "/disable", "/remove"):
        for path in (f"{other}/1{part}", f"{automated}/99{part}"):
            assert (await owner.open(path)).status_code == 404
            assert (await owner.send(path)).status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_changing_needs_the_right(platform: Platform, automated: str, role: Role) -> None:
    """Those without it see the policies, without secrets, and no button."""
    header = {"inboundHeaders": [{"key": "Authorization", "value": "Bearer secret-42"}]}
    await platform.admin.apply_automated_policy("header-injection", header)
    async with visiting_as(platform, role) as visitor:
        page = await visitor.page(automated)
        assert "Header injection" in page
        assert "secret-42" not in page
        assert "Add a policy" not in page
        assert "Turn off" not in page
        for part in ("new/cors", "1", "1/disable", "1/enable", "1/remove", "order"):
            response = await visitor.send(f"{automated}/{part}")
            assert response.status_code == 403
            assert "apis:write" in response.text
