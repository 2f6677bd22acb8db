"""Personal tokens: made on a page, used by scripts."""

import re

import httpx
import pytest

from control_plane.accounts.roles import Role
from control_plane.management.tokens import MAX_PERSONAL
from tests.control_plane.conftest import Platform
from tests.control_plane.pages.visitor import Visitor, visiting_as

TOKENS = "/settings/tokens"


async def new_token(visitor: Visitor, name: str = "script", days: str = "7") -> str:
    """Make a token on the page, and read it there."""
    response = await visitor.send(TOKENS, name=name, days=days)
    assert response.status_code == 200, response.text
    found = re.search(r"<pre[^>]*>(pcp_[\w-]+)</pre>", response.text)
    assert found is not None
    return found[1]


async def ask(platform: Platform, token: str, path: str, method: str = "GET") -> httpx.Response:
    """What a script gets with this token."""
    headers = {"Authorization": f"Bearer {token}"}
    return await platform.anyone.request(method, path, headers=headers)


async def test_a_script_uses_it_with_the_roles_of_its_user(platform: Platform) -> None:
    """The token of a viewer reads and changes nothing."""
    async with visiting_as(platform, Role.VIEWER) as viewer:
        token = await new_token(viewer)
        me = (await ask(platform, token, "/accounts/api/me")).json()["user"]
        assert (me["username"], me["role"]) == ("a-viewer", "viewer")
        assert (await ask(platform, token, platform.apis)).status_code == 200
        assert (await ask(platform, token, f"{platform.apis}/1", "DELETE")).status_code == 403


async def test_it_is_shown_once(owner: Visitor) -> None:
    """Neither the list nor the audit log has it."""
    token = await new_token(owner, name="nightly")
    for path in (TOKENS, "/audit", "/audit/entries.csv"):
        page = (await owner.open(path)).text
        assert token not in page
        assert "nightly" in page


async def test_it_ends_in_time_and_when_it_is_revoked(owner: Visitor, platform: Platform) -> None:
    """Revoking asks first."""
    first, second = await new_token(owner), await new_token(owner, days="30")
    page = await owner.page(TOKENS)
    [revoke, _] = re.findall(r'href="(/settings/tokens/[0-9]+/revoke)"', page)
    assert "get status 401 from now on" in await owner.page(revoke)
    assert "is revoked" in await owner.done(revoke)
    platform.clock.move(seconds=6 * 86_400)
    statuses = [
        (await ask(platform, token, "/accounts/api/me")).status_code for token in (first, second)
    ]
    assert sorted(statuses) == [200, 401]
    platform.clock.move(seconds=25 * 86_400)
    assert (await ask(platform, second, "/accounts/api/me")).status_code == 401


async def test_the_last_use_is_on_the_page(owner: Visitor, platform: Platform) -> None:
    """A token that nobody uses can go."""
    token = await new_token(owner)
    assert "never" in await owner.page(TOKENS)
    platform.clock.move(seconds=90)
    await ask(platform, token, "/accounts/api/me")
    assert "never" not in await owner.page(TOKENS)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "", "days": "7"}, "Fill in this field."),
        ({"name": "x" * 101, "days": "7"}, "Use at most 100 characters."),
        ({"name": "x", "days": "36500"}, "Choose one of"),
        ({"name": "x"}, "Fill in this field."),
    ],
)
async def test_wrong_fields_are_named(
    owner: Visitor, fields: dict[str, str], expected: str
) -> None:
    """And nothing is made."""
    response = await owner.send(TOKENS, **fields)
    assert response.status_code == 400
    assert expected in response.text
    assert "You have no personal token." in await owner.page(TOKENS)


async def test_their_number_is_bounded(owner: Visitor) -> None:
    """The message says what to do."""
    for _ in range(MAX_PERSONAL):
        await new_token(owner)
    response = await owner.send(TOKENS, name="one more", days="7")
    assert response.status_code == 409
    assert "revoke one first" in response.text
