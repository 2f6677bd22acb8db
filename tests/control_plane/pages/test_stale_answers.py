"""A question that was answered after somebody else changed the thing: 412, and asked again."""

import pytest

from control_plane.accounts.roles import Role
from tests.control_plane.conftest import Platform
from tests.control_plane.fleet.reports import accepted, report
from tests.control_plane.pages.visitor import Visitor, add_user, version_in

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

LIMITS = {"rateLimits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000}]}
MORE = {"rateLimits": [{"maximumRequests": 6, "timePeriodInMilliseconds": 1000}]}


@pytest.fixture
async def admin(owner: Visitor, platform: Platform) -> Visitor:
    """The owner, with one of each thing that questions are about."""
    await platform.admin.create_api("orders")
    await platform.admin.apply_policy(1, "rate-limiting", LIMITS)
    await platform.admin.apply_automated_policy("rate-limiting", LIMITS)
    await platform.admin.create_application("phone")
    secret = f"{owner.home}/applications/1/secret"
    await owner.send(secret, version=version_in(await owner.page(secret)), overlap_hours="24")
    await accepted(platform, report(0), "gw-1")
    add_user(platform, "ann", Role.VIEWER)
    return owner


async def changed(admin: Visitor, platform: Platform, name: str) -> None:
    """Somebody else changes the thing."""
    policy, automated = f"{platform.apis}/1/policies/1", "/automated-policies/1"
    if name == "user":
        page = await admin.page("/settings/users/2")
        fields = {"version": version_in(page), "enabled": "true", "role": "operator"}
        await admin.done("/settings/users/2", **fields)
    elif name == "adapter":
        await accepted(platform, report(1), "gw-1")
    elif name == "policy":
        await platform.admin.ask("PATCH", policy, {"configurationData": MORE})
    elif name == "automated":
        body = {"configurationData": MORE}
        await platform.admin.ask("PATCH", platform.organization + automated, body)
    elif name == "application":
        await platform.admin.ask("PATCH", f"{platform.applications}/1", {"description": "new"})
    else:
        await platform.admin.create_tier(1, "gold", [(5, 1000)])


QUESTIONS = [
    ("{home}/apis/1/policies/1/remove", "policy", "", "maximumRequests&#34;: 6"),
    ("{home}/apis/1/policies/1/disable", "policy", "", "maximumRequests&#34;: 6"),
    ("{home}/automated-policies/1/remove", "automated", "", "maximumRequests&#34;: 6"),
    ("{home}/automated-policies/1/disable", "automated", "", "maximumRequests&#34;: 6"),
    ("{home}/apis/1/delete", "api", "orders", "create tier 1"),
    ("{home}/applications/1/delete", "application", "phone", "new"),
    ("{home}/applications/1/end-overlap", "application", "", "new"),
    ("/settings/users/2/delete", "user", "ann", "operator"),
    ("{home}/adapters/1/forget", "adapter", "", "It has reported since you opened this page"),
]


@pytest.mark.parametrize(
    ("path", "thing", "typed", "said"), QUESTIONS, ids=[each[0] for each in QUESTIONS]
)
async def test_a_stale_answer_is_asked_again(
    admin: Visitor, platform: Platform, *, path: str, thing: str, typed: str, said: str
) -> None:
    """With what changed. The answer to the second question counts."""
    path = path.format(home=admin.home)
    old = version_in(await admin.page(path))
    await changed(admin, platform, thing)
    again = await admin.send(path, version=old, confirmed=typed)
    assert again.status_code == 412
    assert said in again.text
    assert (await admin.send(path, confirmed=typed)).status_code == 412
    new = version_in(again.text)
    assert (await admin.send(path, version=new, confirmed=typed)).status_code == 303


@pytest.mark.parametrize("policies", ["{home}/apis/1/policies", "{home}/automated-policies"])
async def test_turning_on_a_changed_policy_asks_first(
    admin: Visitor, platform: Platform, policies: str
) -> None:
    """Turning on has no question otherwise."""
    path = policies.format(home=admin.home)
    await admin.confirmed(f"{path}/1/disable")
    thing = "policy" if "apis" in path else "automated"
    old = version_in((await admin.page(path)).partition("/1/enable")[2])
    await changed(admin, platform, thing)
    again = await admin.send(f"{path}/1/enable", version=old)
    assert again.status_code == 412
    assert "Turn Rate limiting on?" in again.text
    assert " is on." in await admin.done(f"{path}/1/enable", version=version_in(again.text))
