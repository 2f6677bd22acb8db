"""Logging in through a real identity provider."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.rig.browser import Tab, open_tab
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.identity_provider import CONSOLE, IdentityProvider, running_provider

ROLES = "shop=api-admin@Production, ops=owner, *=viewer, shop=owner@Nowhere"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[IdentityProvider]:
    """The identity provider."""
    async with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(
    tmp_path_factory: pytest.TempPathFactory, provider: IdentityProvider
) -> AsyncIterator[RunningControlPlane]:
    """A control plane that maps the provider's groups to roles."""
    directory: Path = tmp_path_factory.mktemp("console")
    settings = CONSOLE | {"oidc_issuer": provider.issuer, "oidc_roles": ROLES}
    async with running_control_plane(directory, **settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(
    browser: Browser, platform: RunningControlPlane, provider: IdentityProvider
) -> AsyncIterator[Tab]:
    """A tab of somebody who is not logged in, and may go to the provider."""
    async with open_tab(browser, platform.base_url, friends=[provider.issuer]) as tab:
        yield tab
        assert tab.problems == []


async def log_in(tab: Tab, login: str, path: str = "/login") -> None:
    """Follow the link to the provider, and tell it who logs in."""
    await tab.open(path)
    await tab.page.get_by_role("link", name="Log in with single sign-on").click()
    await tab.page.get_by_label("Login").fill(login)
    await tab.page.get_by_role("button", name="Continue").click()
    await tab.page.wait_for_url(f"{tab.base_url}/**")


async def account(tab: Tab) -> str:
    """What the settings say about the user."""
    await tab.open("/settings")
    return await tab.page.locator(".facts").inner_text()


async def test_the_first_login_makes_a_user_with_the_mapped_roles(stranger: Tab) -> None:
    """Groups become roles in the named environment; a rule for an unknown one gives nothing."""
    await log_in(stranger, "Ann+shop")
    assert await stranger.heading() == "Home"
    facts = await account(stranger)
    assert "ann@example.test" in facts.lower()
    assert "api-admin in Production" in facts
    assert "viewer in all environments" in facts
    assert "owner" not in facts
    assert await stranger.barriers() == []


async def test_the_login_leads_to_the_page_that_was_wanted(stranger: Tab) -> None:
    """Its address waits in the browser, not at the provider."""
    await log_in(stranger, "eve+ops", "/audit?kind=user")
    await expect(stranger.page).to_have_url(f"{stranger.base_url}/audit?kind=user")
    await expect(stranger.page.get_by_text("identity provider").first).to_be_visible()


async def test_a_later_login_brings_the_roles_up_to_date(
    browser: Browser, platform: RunningControlPlane, provider: IdentityProvider
) -> None:
    """Who has left a group has lost its role, and is still the same user."""
    facts = []
    for login in ("joe+ops", "joe"):
        async with open_tab(browser, platform.base_url, friends=[provider.issuer]) as tab:
            await log_in(tab, login)
            facts.append(await account(tab))
            assert tab.problems == []
    assert "owner in all environments" in facts[0]
    assert "owner" not in facts[1]
    assert "viewer in all environments" in facts[1]


async def test_a_cancelled_login_is_explained(stranger: Tab) -> None:
    """The page says what happened."""
    with stranger.expecting(400):
        await log_in(stranger, "cancel")
        await expect(stranger.page.get_by_text("was cancelled")).to_be_visible()


async def test_a_user_with_a_password_is_not_taken_over(stranger: Tab) -> None:
    """A user of the provider who is called admin is not our admin."""
    with stranger.expecting(409):
        await log_in(stranger, "admin+ops")
        await expect(stranger.page.get_by_text("belongs to another user")).to_be_visible()
    await stranger.open("/")
    assert await stranger.heading() == "Policy console"


async def test_an_answer_counts_once_and_in_its_own_browser(
    browser: Browser, stranger: Tab, platform: RunningControlPlane
) -> None:
    """The address of the callback is worth nothing to others, nor a second time."""
    callbacks: list[str] = []
    stranger.page.on(
        "request", lambda r: callbacks.append(r.url) if "/login/callback" in r.url else None
    )
    await log_in(stranger, "kim")
    [callback] = callbacks
    with stranger.expecting(400):
        await stranger.open(callback)
        assert await stranger.heading() == "This can't be done"
    async with open_tab(browser, platform.base_url) as thief:
        with thief.expecting(400):
            await thief.open(callback)
            assert await thief.heading() == "This can't be done"
        await thief.open("/")
        assert await thief.heading() == "Policy console"


async def test_a_forged_answer_is_refused(stranger: Tab) -> None:
    """A callback with another state than the one that this browser began with."""
    await stranger.open("/login")
    await stranger.page.get_by_role("link", name="Log in with single sign-on").click()
    await stranger.page.get_by_label("Login").wait_for()
    with stranger.expecting(400):
        await stranger.open(f"{stranger.base_url}/login/callback?code=forged&state=forged")
        assert await stranger.heading() == "This can't be done"


async def test_a_disabled_user_stays_out(
    browser: Browser, stranger: Tab, platform: RunningControlPlane
) -> None:
    """Also if the provider knows better; and the owner needs no password of the user."""
    await log_in(stranger, "max")
    async with open_tab(browser, platform.base_url) as owner:
        await owner.open("/settings/users?q=max")
        await owner.log_in("admin", platform.credentials.admin_password)
        await owner.page.get_by_role("link", name=re.compile("^max$")).click()
        await owner.page.get_by_label("May log in").uncheck()
        await owner.page.get_by_role("button", name="Save").click()
        await owner.page.get_by_text("The user max is changed.").wait_for()
    await stranger.open("/")
    assert await stranger.heading() == "Policy console"
    with stranger.expecting(403):
        await stranger.page.get_by_role("link", name="Log in with single sign-on").click()
        await expect(stranger.page.get_by_text("the user max is disabled")).to_be_visible()


async def test_without_the_provider_there_are_still_passwords(
    stranger: Tab, provider: IdentityProvider, platform: RunningControlPlane
) -> None:
    """The page says that the provider does not answer."""
    provider.stop()
    await platform.stop()
    await platform.start()
    await stranger.open("/login")
    with stranger.expecting(503):
        await stranger.page.get_by_role("link", name="Log in with single sign-on").click()
        await expect(stranger.page.get_by_text("does not answer as it should")).to_be_visible()
    await stranger.open("/login")
    await stranger.log_in("admin", platform.credentials.admin_password)
    await stranger.page.wait_for_url("**/environments/*")
