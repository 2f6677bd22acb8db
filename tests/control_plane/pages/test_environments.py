"""Several environments: the switcher, and what belongs to which."""

from control_plane.accounts.roles import Role
from control_plane.store.tables import Environment, Organization
from tests.control_plane.conftest import Platform
from tests.control_plane.pages.visitor import Visitor, visiting_as


def add_environment(platform: Platform, name: str) -> str:
    """Another environment of the organization; its id."""
    with platform.services.database.write() as session:
        organization_id = platform.credentials.organization_id
        session.add(Environment(id=f"id-{name}", organization_id=organization_id, name=name))
    return f"id-{name}"


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
