"""What other sites can make a browser do with the console: nothing."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from tests.rig.browser import Tab
from tests.rig.control_plane import RunningControlPlane

EVIL = "http://evil.test/"


@pytest_asyncio.fixture(loop_scope="session")
async def victim(owner: Tab) -> AsyncIterator[Page]:
    """A page of another site, in the browser of the owner. What it tries may fail loudly."""
    yield owner.page
    owner.problems.clear()


async def visit(page: Page, html: str) -> None:
    """Open a page of the other site."""

    async def answer(route: Route) -> None:
        await route.fulfill(content_type="text/html", body=f"<!doctype html>{html}")

    await page.route(EVIL, answer)
    await page.goto(EVIL)


@pytest.mark.parametrize("encoding", ["application/x-www-form-urlencoded", "text/plain"])
async def test_a_forged_form_is_refused(
    victim: Page, platform: RunningControlPlane, encoding: str
) -> None:
    """The session goes on, although the browser may have sent its cookie."""
    target = f"{platform.base_url}/logout"
    await visit(victim, f'<form method="post" enctype="{encoding}" action="{target}"><button>Win')
    await victim.get_by_role("button").click()
    await expect(victim.get_by_role("heading", level=1)).to_have_text("You may not do this")
    await victim.goto(f"{platform.base_url}/settings")
    await expect(victim.get_by_role("heading", level=1)).to_have_text("Settings")


async def test_the_console_is_in_nobodys_frame(victim: Page, platform: RunningControlPlane) -> None:
    """So nobody can lay something else over its buttons."""
    await visit(victim, f'<iframe src="{platform.base_url}/settings"></iframe>')
    [_, frame] = victim.frames
    await frame.wait_for_load_state()
    assert "Settings" not in await frame.content()


async def test_another_site_reads_nothing(victim: Page, platform: RunningControlPlane) -> None:
    """Neither by fetch, nor as a script or picture."""
    await visit(victim, "<p>")
    asked = "(url) => fetch(url, {credentials: 'include'}).then(r => r.text(), e => 'refused')"
    for path in ("/settings", "/accounts/api/me", "/static/console.js"):
        assert await victim.evaluate(asked, platform.base_url + path) == "refused"


async def test_a_link_to_the_login_leads_to_no_other_site(
    browser: Browser, stranger: Tab, platform: RunningControlPlane
) -> None:
    """Whatever the link says."""
    for target in ("//evil.test/", "https://evil.test/", "/\\evil.test"):
        await stranger.open(f"/login?next={target}")
        await stranger.log_in("admin", platform.credentials.admin_password)
        await stranger.page.wait_for_url("**/environments/*")
        await stranger.page.get_by_role("button", name="Log out").click()
        await stranger.page.get_by_text("You are logged out.").wait_for()
