"""Settings, Users: adding people, giving them roles, and taking both away."""

import re

import pytest

from control_plane.accounts.roles import Role
from tests.control_plane.conftest import Platform
from tests.control_plane.pages.visitor import PASSWORD, Visitor, add_user, visiting, visiting_as

USERS = "/settings/users"


def version(page: str) -> str:
    """The version that the form of the page has."""
    found = re.search(r'name="version" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


async def test_a_new_user_can_log_in_with_the_given_role(
    owner: Visitor, platform: Platform
) -> None:
    """The owner adds a viewer, and the viewer's pages show no way to change users."""
    fields = {"name": "Ann", "password": PASSWORD, "enabled": "true", "role": "viewer"}
    page = await owner.done(f"{USERS}/new", **fields, email="ann@example.test")
    assert "The user ann is created." in page
    assert "viewer in all environments" in page
    async with visiting(platform) as ann:
        assert (await ann.log_in("Ann", PASSWORD)).status_code == 303
        assert USERS not in await ann.page("/settings")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": ""}, "Fill in this field."),
        ({"name": "ann ä"}, "Use letters, digits and"),
        ({"name": "a" * 200}, "Use at most 100 characters."),
        ({"name": "admin"}, "There is a user admin already."),
        ({"password": "short"}, "Use at least 12 characters."),
        ({"password": "aaaaaaaaaaaaaaa"}, "Too easy to guess"),
        ({"password": "my name is ann"}, "Too easy to guess"),
        ({"password": "x" * 501}, "Use at most 500 characters."),
        ({"email": "no address"}, "Must be an address such as"),
        ({"role": "god"}, "Choose one of the roles."),
        ({"name": "a\x00b"}, "Remove the control characters."),
    ],
)
async def test_wrong_fields_are_named_and_the_others_kept(
    owner: Visitor, fields: dict[str, str], expected: str
) -> None:
    """Nothing has to be typed twice, except for passwords, which no page ever contains."""
    given = {"name": "ann", "password": PASSWORD, "email": "ann@example.test"} | fields
    response = await owner.send(f"{USERS}/new", **given)
    assert response.status_code in (400, 409)
    assert expected in response.text
    assert PASSWORD not in response.text
    if "email" not in fields:
        assert 'value="ann@example.test"' in response.text
    assert ">ann<" not in await owner.page(USERS)


async def test_the_second_of_two_owners_sees_what_the_first_has_saved(
    owner: Visitor, platform: Platform
) -> None:
    """The form answers 412 with both versions, and can be sent again on purpose."""
    path = f"{USERS}/{add_user(platform, 'ann', Role.VIEWER)}"
    old = version(await owner.page(path))
    await owner.done(path, version=old, enabled="true", role="operator")
    fields = {"enabled": "true", "role": "api-admin", "email": "mine@example.test"}
    response = await owner.send(path, version=old, **fields)
    assert response.status_code == 412
    assert "operator" in response.text
    assert "mine@example.test" in response.text
    page = await owner.done(path, version=version(response.text), **fields)
    assert "api-admin in all environments" in page


async def test_the_last_owner_can_not_go(owner: Visitor) -> None:
    """Otherwise nobody could manage users any more."""
    path = f"{USERS}/1"
    demoted = await owner.send(
        path, version=version(await owner.page(path)), enabled="true", role="viewer"
    )
    asked = version(await owner.page(f"{path}/delete"))
    deleted = await owner.send(f"{path}/delete", confirmed="admin", version=asked)
    assert demoted.status_code == 409
    assert "This is the last owner" in demoted.text
    assert deleted.status_code == 409
    assert "This is the last owner" in deleted.text


async def test_a_user_is_deleted_when_the_name_is_typed(owner: Visitor, platform: Platform) -> None:
    """The sessions of the user end with it."""
    async with visiting_as(platform, Role.VIEWER) as viewer:
        path = f"{USERS}/2/delete"
        assert "Delete the user a-viewer?" in await owner.page(path)
        wrong = await owner.send(path, confirmed="viewer")
        assert wrong.status_code == 400
        assert "Type a-viewer" in wrong.text
        assert "is deleted" in await owner.confirmed(path, confirmed="a-viewer")
        assert (await viewer.open(viewer.home)).headers["location"].startswith("/login")


async def test_a_disabled_user_is_out_at_once(owner: Visitor, platform: Platform) -> None:
    """Sessions end, and there is no new login."""
    async with visiting_as(platform, Role.VIEWER) as viewer:
        path = f"{USERS}/2"
        await owner.done(path, version=version(await owner.page(path)), role="viewer")
        assert (await viewer.open(viewer.home)).status_code == 303
        assert (await viewer.log_in("a-viewer", PASSWORD)).status_code == 401


async def test_a_new_password_ends_sessions(owner: Visitor, platform: Platform) -> None:
    """The old password stops working."""
    async with visiting_as(platform, Role.VIEWER) as viewer:
        await owner.done(f"{USERS}/2/password", password="another good password")
        assert (await viewer.open(viewer.home)).status_code == 303
        assert (await viewer.log_in("a-viewer", "another good password")).status_code == 303


async def test_a_viewer_may_not(viewer: Visitor) -> None:
    """A 403 names the permission and who has it."""
    response = await viewer.open(USERS)
    assert response.status_code == 403
    assert "users:read" in response.text
    assert "owner has it" in response.text
    assert (await viewer.send(f"{USERS}/new", name="x", password=PASSWORD)).status_code == 403


async def test_blanks_around_a_password_belong_to_it(owner: Visitor, platform: Platform) -> None:
    """Every form takes the password as it was typed, so it still lets the user in."""
    of_owner, own = f" {PASSWORD} ", f"{PASSWORD}\t"
    await owner.done(f"{USERS}/new", name="ann", password=of_owner, enabled="true", role="viewer")
    async with visiting(platform) as ann:
        assert (await ann.log_in("ann", PASSWORD)).status_code == 401
        assert (await ann.log_in("ann", of_owner)).status_code == 303
        change = {"password": own, "repeated": own}
        response = await ann.send("/settings/password", current=PASSWORD, **change)
        assert "This is not your password." in response.text
        response = await ann.send(
            "/settings/password", current=of_owner, password=own, repeated=PASSWORD
        )
        assert "This is not the same password." in response.text
        await ann.done("/settings/password", current=of_owner, **change)
        assert (await ann.log_in("ann", own)).status_code == 303


async def test_an_owner_sets_only_passwords_that_the_login_takes(
    owner: Visitor, platform: Platform
) -> None:
    """The login refuses control characters, so a password with one would lock the user out."""
    path = f"{USERS}/{add_user(platform, 'ann', Role.VIEWER)}/password"
    response = await owner.send(path, password=f"{PASSWORD}\x01")
    assert response.status_code == 400
    assert "Remove the control characters." in response.text
    await owner.done(path, password=f" {PASSWORD} ")
    async with visiting(platform) as ann:
        assert (await ann.log_in("ann", f" {PASSWORD} ")).status_code == 303
