"""Sessions of the console: how they begin, how long they last, and how they end."""

import re
from datetime import timedelta
from http.cookies import SimpleCookie
from urllib.parse import quote

import pytest
from sqlalchemy import text

from control_plane.accounts.login_limits import PER_USER, PERIOD
from control_plane.accounts.roles import Role
from tests.control_plane.conftest import Platform
from tests.control_plane.pages.visitor import PASSWORD, Visitor, add_user, visiting

SESSION = "__Host-session"


async def test_the_cookie_is_bound_to_the_host_and_hidden_from_scripts(
    stranger: Visitor, platform: Platform
) -> None:
    """Its attributes are those that the prefix asks for, and it ends with the browser."""
    response = await stranger.log_in("admin", platform.credentials.admin_password)
    cookie = SimpleCookie(response.headers["set-cookie"])[SESSION]
    assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "lax")
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["max-age"] == cookie["expires"] == ""


async def test_the_database_has_no_usable_session(owner: Visitor, platform: Platform) -> None:
    """A copy of the database lets nobody in."""
    token = owner.client.cookies[SESSION]
    with platform.services.database.read() as session:
        rows = session.execute(text("SELECT * FROM user_tokens")).all()
    dump = repr([[*row] for row in rows])
    assert "session" in dump
    assert token not in dump


async def test_a_login_begins_a_new_session_and_ends_the_old_one(
    owner: Visitor, platform: Platform
) -> None:
    """A session that somebody planted or saw before is worth nothing afterwards."""
    old = owner.client.cookies[SESSION]
    await owner.log_in("admin", platform.credentials.admin_password)
    assert owner.client.cookies[SESSION] != old
    async with visiting(platform) as thief:
        thief.client.cookies.set(SESSION, old)
        assert (await thief.open(owner.home)).status_code == 303


async def test_a_session_ends_when_it_is_not_used(owner: Visitor, platform: Platform) -> None:
    """Each use makes it last longer, to a minute exactly."""
    idle = platform.services.access.lifetimes.idle.total_seconds()
    platform.clock.move(seconds=idle - 120)
    await owner.page(owner.home)
    platform.clock.move(seconds=idle - 120)
    await owner.page(owner.home)
    platform.clock.move(seconds=idle)
    assert (await owner.open(owner.home)).headers["location"].startswith("/login?next=")


async def test_a_session_ends_in_any_case(owner: Visitor, platform: Platform) -> None:
    """A session that is always in use has an end too."""
    lifetimes = platform.services.access.lifetimes
    for _ in range(int(lifetimes.session / timedelta(hours=1)) - 1):
        platform.clock.move(seconds=3600)
        await owner.page(owner.home)
    platform.clock.move(seconds=3600)
    assert (await owner.open(owner.home)).status_code == 303


async def test_a_logout_ends_the_session_itself(owner: Visitor, platform: Platform) -> None:
    """Somebody who copied the cookie is out too."""
    token = owner.client.cookies[SESSION]
    assert "You are logged out." in await owner.done("/logout")
    async with visiting(platform) as thief:
        thief.client.cookies.set(SESSION, token)
        assert (await thief.open(owner.home)).status_code == 303


async def test_a_user_sees_and_ends_other_sessions(owner: Visitor, platform: Platform) -> None:
    """One by one or all at once; the own one stays."""
    async with visiting(platform) as second, visiting(platform) as third:
        for visitor in (second, third):
            await visitor.log_in("admin", platform.credentials.admin_password)
        page = await owner.page("/settings")
        ends = re.findall(r'action="(/settings/sessions/[0-9]+/end)"', page)
        assert len(ends) == 2
        assert ends[0] not in await owner.done(ends[0])
        page = await owner.done("/settings/sessions/end-others")
        assert ends[1] not in page
        for visitor in (second, third):
            assert (await visitor.open(owner.home)).status_code == 303


async def test_nobody_ends_a_session_of_somebody_else(owner: Visitor, viewer: Visitor) -> None:
    """It does not even exist for others."""
    assert (await viewer.send("/settings/sessions/1/end")).status_code == 404
    assert (await viewer.send("/settings/tokens/1/revoke")).status_code == 404
    await owner.page(owner.home)


async def test_a_session_is_no_bearer_token_and_a_token_no_session(
    owner: Visitor, platform: Platform
) -> None:
    """Each kind opens its own door only."""
    session = owner.client.cookies[SESSION]
    bearer = platform.admin.authorization["Authorization"].removeprefix("Bearer ")
    headers = {"Authorization": f"Bearer {session}"}
    assert (await platform.anyone.get("/accounts/api/me", headers=headers)).status_code == 401
    async with visiting(platform) as visitor:
        visitor.client.cookies.set(SESSION, bearer)
        assert (await visitor.open(owner.home)).status_code == 303


async def test_wrong_passwords_make_a_user_wait(stranger: Visitor, platform: Platform) -> None:
    """Even the right password has to wait then; other users do not."""
    add_user(platform, "ann", Role.VIEWER)
    for _ in range(PER_USER):
        assert (await stranger.log_in("admin", "wrong")).status_code == 401
    password = platform.credentials.admin_password
    refused = await stranger.log_in("ADMIN", password)
    assert refused.status_code == 429
    assert "Too many wrong passwords; wait 15 minutes" in refused.text
    assert int(refused.headers["retry-after"]) == PERIOD.total_seconds() + 1
    assert (await stranger.log_in("ann", PASSWORD)).status_code == 303
    platform.clock.move(seconds=PERIOD.total_seconds())
    assert (await stranger.log_in("admin", password)).status_code == 303


async def test_the_password_can_be_changed(owner: Visitor, platform: Platform) -> None:
    """The old one is needed for it. Other sessions and tokens end."""
    fields = {"current": "wrong", "password": PASSWORD, "repeated": PASSWORD}
    refused = await owner.send("/settings/password", **fields)
    assert refused.status_code == 400
    assert "This is not your password." in refused.text
    fields["current"] = platform.credentials.admin_password
    different = await owner.send("/settings/password", **fields | {"repeated": "something else"})
    assert "This is not the same password." in different.text
    assert "Your password is changed" in await owner.done("/settings/password", **fields)
    assert (await owner.log_in("admin", PASSWORD)).status_code == 303
    bearer = platform.admin.authorization
    assert (await platform.anyone.get("/accounts/api/me", headers=bearer)).status_code == 401


@pytest.mark.parametrize(
    "origin",
    ["http://10.0.0.5:8085", "http://console.example.com", "http://[2001:db8::1]:8085"],
)
async def test_a_login_that_the_browser_would_forget_is_refused(
    stranger: Visitor, platform: Platform, origin: str
) -> None:
    """Plain HTTP works on localhost only; the page says so, and does not just ask again."""
    response = await stranger.client.post(
        "/login",
        data={"name": "admin", "password": platform.credentials.admin_password},
        headers={"Origin": origin},
    )
    assert response.status_code == 400
    assert "Open the console over HTTPS, or on localhost" in response.text
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8085", "http://localhost", "http://[::1]:8085", "https://a.test"]
)
async def test_a_login_from_localhost_or_https_is_taken(
    stranger: Visitor, platform: Platform, origin: str
) -> None:
    """Those are the places from which browsers keep the cookie."""
    response = await stranger.client.post(
        "/login",
        data={"name": "admin", "password": platform.credentials.admin_password},
        headers={"Origin": origin},
    )
    assert response.status_code == 303


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/audit?kind=api", "/audit?kind=api"),
        ("https://evil.test/", "/"),
        ("//evil.test/", "/"),
        ("/\\evil.test/", "/"),
        ("/\t/evil.test/", "/"),
        ("\\\\evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
async def test_a_login_leads_to_no_other_site(
    stranger: Visitor, platform: Platform, wanted: str, target: str
) -> None:
    """A link to the login can't send people elsewhere."""
    page = await stranger.page(f"/login?next={quote(wanted)}")
    assert "evil" not in page
    password = platform.credentials.admin_password
    response = await stranger.send("/login", name="admin", password=password, next=wanted)
    assert response.headers["location"] == target


async def test_a_form_sent_without_a_session_is_said_to_be_lost(stranger: Visitor) -> None:
    """Such as after a logout in another tab, which leaves no cookie behind."""
    form = "/settings/tokens"
    page = await stranger.done(form, name="x", days="7")
    assert "Your session has ended. Log in again. What you have just sent was not saved." in page
    assert "Your session has ended" not in await stranger.page("/login")
    asked = await stranger.open(form)
    assert "Your session has ended" not in await stranger.page(asked.headers["location"])
