"""Several environments: the switcher, and what belongs to which."""

import re

import pytest

from control_plane.accounts.roles import Role
from control_plane.management.environments import MAX_ENVIRONMENTS
from control_plane.store.tables import Environment, Organization
from tests.control_plane.clients import add_app
from tests.control_plane.conftest import ON_BOTH_DATABASES, Platform
from tests.control_plane.fleet.reports import accepted, report, seen
from tests.control_plane.official_bodies import ALERT_EXAMPLE
from tests.control_plane.pages.visitor import Visitor, add_user, version_in, visiting_as


def add_environment(platform: Platform, name: str) -> str:
    """Another environment of the organization; its id."""
    with platform.services.database.write() as session:
        organization_id = platform.credentials.organization_id
        session.add(Environment(id=f"id-{name}", organization_id=organization_id, name=name))
    return f"id-{name}"


LIMIT = [(5, 1000)]
ENVIRONMENTS = "/settings/environments"


async def test_an_owner_adds_and_changes_environments(owner: Visitor) -> None:
    """The new one is empty, and the audit log knows who made it."""
    page = await owner.done(ENVIRONMENTS, name="Sandbox", type="sandbox")
    assert "The environment Sandbox is created." in page
    rename = re.findall(f'href="({ENVIRONMENTS}/[^"/]+)"', page)[-1]
    sandbox = rename.rpartition("/")[2]
    home = await owner.page(f"/environments/{sandbox}")
    assert "There is no API instance in Sandbox yet." in home
    page = await owner.confirmed(rename, name="Test", type="design")
    assert "The environment Test is changed." in page
    assert "<td>Design</td>" in page
    log = await owner.page("/audit?kind=environment")
    assert "Sandbox" in log
    assert "Test" in log
    assert "design" in log


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "Fill in this field."),
        ("production", "There is an environment production already."),
        ("x" * 101, "Use at most 100 characters."),
        ("   ", "Must not be blank."),
        ("\u200b", "Remove the line ends and the invisible characters."),
        ("\u202eabc", "Remove the line ends and the invisible characters."),
        ("a\nSet-Cookie: x=y", "Remove the line ends and the invisible characters."),
        ("a\u2028b", "Remove the line ends and the invisible characters."),
    ],
)
async def test_names_of_environments_are_checked(
    owner: Visitor, platform: Platform, name: str, expected: str
) -> None:
    """The same for a new one and for another name."""
    other = add_environment(platform, "Other")
    seen = version_in(await owner.page(f"{ENVIRONMENTS}/{other}"))
    for path in (ENVIRONMENTS, f"{ENVIRONMENTS}/{other}"):
        response = await owner.send(path, name=name, type="sandbox", version=seen)
        assert response.status_code in (400, 409)
        assert expected in response.text
    own_name_again = await owner.confirmed(f"{ENVIRONMENTS}/{other}", name="other", type="sandbox")
    assert "The environment other is changed." in own_name_again


@ON_BOTH_DATABASES
async def test_two_names_never_differ_in_case_only(owner: Visitor) -> None:
    """In every script: databases fold the case of ASCII only."""
    await owner.done(ENVIRONMENTS, name="ÄB", type="sandbox")
    for name in ("ÄB", "äb", "A\u0308b"):
        response = await owner.send(ENVIRONMENTS, name=name, type="sandbox")
        assert response.status_code == 409
        assert "There is an environment" in response.text


async def test_a_name_that_somebody_else_has_changed_is_not_overwritten(
    owner: Visitor, platform: Platform
) -> None:
    """The second sees both names, and may save theirs in full knowledge."""
    path = f"{ENVIRONMENTS}/{add_environment(platform, 'Other')}"
    seen = version_in(await owner.page(path))
    await owner.done(path, version=seen, name="First", type="design")
    response = await owner.send(path, version=seen, name="Second", type="sandbox")
    assert response.status_code == 412
    assert "First" in response.text
    assert "Second" in response.text
    mine = await owner.done(path, version=version_in(response.text), name="Second", type="sandbox")
    assert "The environment Second is changed." in mine


async def test_the_number_of_environments_is_bounded(owner: Visitor, platform: Platform) -> None:
    """A script in a loop does not fill the switcher."""
    for number in range(MAX_ENVIRONMENTS - 1):
        add_environment(platform, f"e{number}")
    response = await owner.send(ENVIRONMENTS, name="one more", type="sandbox")
    assert response.status_code == 400
    assert "environments already" in response.text


async def test_only_owners_manage_environments(platform: Platform) -> None:
    """The 403 names the permission."""
    async with visiting_as(platform, Role.API_ADMIN) as admin:
        assert ENVIRONMENTS not in await admin.page("/settings")
        for response in (await admin.open(ENVIRONMENTS), await admin.send(ENVIRONMENTS, name="x")):
            assert response.status_code == 403
            assert "environments:write" in response.text


async def test_with_one_environment_there_is_no_switcher(owner: Visitor) -> None:
    """There is only its name."""
    page = await owner.page(owner.home)
    assert "<summary>" not in page
    assert "Production" in page


async def test_pages_of_the_organization_remember_the_environment(
    owner: Visitor, platform: Platform
) -> None:
    """Links lead back to the environment that was visited last."""
    sandbox = add_environment(platform, "Sandbox")
    page = await owner.page(owner.home)
    assert f'href="/environments/{sandbox}"' in page
    assert "in Sandbox" in await owner.page(f"/environments/{sandbox}")
    page = await owner.page("/settings")
    assert f'<li><a href="/environments/{sandbox}">Home</a></li>' in page
    start = await owner.open("/")
    assert start.headers["location"] == f"/environments/{sandbox}"


async def test_a_remembered_environment_that_is_gone_is_forgotten(
    owner: Visitor, platform: Platform
) -> None:
    """A cookie says nothing that the server does not check."""
    for value in ("gone", "", "../..", "<script>"):
        owner.client.cookies.set("__Host-environment", value, domain="console.test")
        start = await owner.open("/")
        assert start.headers["location"] == owner.home


async def test_who_has_a_role_in_one_environment_sees_no_other(platform: Platform) -> None:
    """Others do not exist for them."""
    sandbox = add_environment(platform, "Sandbox")
    async with visiting_as(platform, Role.VIEWER, sandbox) as viewer:
        start = await viewer.open("/")
        assert start.headers["location"] == f"/environments/{sandbox}"
        assert "Production" not in await viewer.page(f"/environments/{sandbox}")
        assert (await viewer.open(viewer.home)).status_code == 404


async def test_environments_of_another_organization_do_not_exist(
    owner: Visitor, platform: Platform
) -> None:
    """Not even for an owner."""
    with platform.services.database.write() as session:
        session.add(Organization(id="other", name="Other", feed_epoch="0"))
        session.flush()
        session.add(Environment(id="theirs", organization_id="other", name="Theirs"))
    assert "Theirs" not in await owner.page(owner.home)
    assert (await owner.open("/environments/theirs")).status_code == 404
    assert "Theirs" not in await owner.page("/settings/users/new")


async def test_an_environment_is_deleted_with_everything_in_it(
    owner: Visitor, platform: Platform
) -> None:
    """After its name was typed; the others keep theirs, and the applications stay."""
    add_environment(platform, "Sandbox")
    await platform.admin.create_tier((await platform.admin.create_api("orders"))["id"], "a", LIMIT)
    application = await platform.admin.create_application("phone")
    await platform.admin.request_contract(1, application["id"], 1)
    await platform.admin.apply_policy(1, "cors", {})
    await platform.admin.apply_automated_policy("cors", {})
    await platform.admin.create_alert(1, ALERT_EXAMPLE)
    await accepted(platform, report(0, services=[seen("orders.test", 1)]), "gw-1")
    add_user(platform, "bob", Role.VIEWER, platform.credentials.environment_id)
    add_user(platform, "carl", Role.VIEWER)
    add_app(platform, "ci", Role.VIEWER, platform.credentials.environment_id)
    path = f"{ENVIRONMENTS}/{platform.credentials.environment_id}/delete"
    page = await owner.page(path)
    for text in (
        "1 API instance with 1 policy, 1 SLA tier and 1 contract",
        *("1 automated policy", "1 alert", "1 discovered service", "1 adapter"),
        *("1 gateway credential", "1 user with a role in this environment only"),
        "1 connected app with a role in this environment only",
    ):
        assert text in page
    await platform.admin.create_tier(1, "b", LIMIT)
    meanwhile = await owner.send(path, version=version_in(page), confirmed="Production")
    assert meanwhile.status_code == 412
    page = meanwhile.text
    wrong = await owner.send(path, version=version_in(page), confirmed="production")
    assert (wrong.status_code, "Type Production" in wrong.text) == (400, True)
    busy = await owner.send(path, version=version_in(page), confirmed="Production")
    assert (busy.status_code, "Adapters report" in busy.text) == (409, True)
    platform.clock.move(minutes=30)
    stale = await owner.send(path, confirmed="Production")
    assert stale.status_code == 412
    done = await owner.confirmed(path, confirmed="Production")
    assert "The environment Production is deleted." in done
    assert (await owner.open(owner.home)).status_code == 404
    assert "phone" in await owner.page("/environments/id-Sandbox/applications")
    assert "delete" in await owner.page("/audit?kind=environment")
    assert (await platform.gateway.get(platform.apis)).status_code == 401


async def test_the_last_environment_stays(owner: Visitor, platform: Platform) -> None:
    """There would be nothing to visit."""
    path = f"{ENVIRONMENTS}/{platform.credentials.environment_id}/delete"
    refused = await owner.send(
        path, version=version_in(await owner.page(path)), confirmed="Production"
    )
    assert (refused.status_code, "This is the last environment" in refused.text) == (409, True)
