"""Sessions that end, and people who may not, in a browser."""

from playwright.async_api import Browser, expect

from tests.rig.browser import Tab, open_tab
from tests.rig.control_plane import RunningControlPlane

PASSWORD = "correct horse battery"


async def _end_session_elsewhere(browser: Browser, platform: RunningControlPlane) -> None:
    async with open_tab(browser, platform.base_url) as other:
        await other.open("/settings")
        await other.log_in("admin", platform.credentials.admin_password)
        await other.page.get_by_role("button", name="End all other sessions").click()
        await other.page.get_by_text("sessions have ended").wait_for()


async def test_a_form_sent_after_the_end_is_not_saved_and_the_page_says_so(
    browser: Browser, owner: Tab, platform: RunningControlPlane
) -> None:
    """After the login, the form is there again, and Back leads to what was typed."""
    page = owner.page
    await owner.open("/settings/tokens")
    await _end_session_elsewhere(browser, platform)
    await page.get_by_label("Name").fill("lost")
    await page.get_by_role("button", name="Create").click()
    await page.get_by_text("What you have just sent was not saved.").wait_for()
    await owner.log_in("admin", platform.credentials.admin_password)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Personal tokens")
    await expect(page.get_by_role("cell", name="lost")).to_be_hidden()
    # Pages that the browser kept load nothing.
    await page.go_back(wait_until="commit")
    await page.go_back(wait_until="commit")
    await expect(page.get_by_label("Name")).to_have_value("lost")


async def test_a_search_after_the_end_leads_to_the_login(
    browser: Browser, owner: Tab, platform: RunningControlPlane
) -> None:
    """Scripts in the page do not fail silently."""
    page = owner.page
    await owner.open("/settings/users")
    await _end_session_elsewhere(browser, platform)
    with owner.expecting(401):
        await page.get_by_label("Search for").press_sequentially("a")
        await page.get_by_text("Your session has ended. Log in again.").wait_for()
    await owner.log_in("admin", platform.credentials.admin_password)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Users")


async def test_a_viewer_sees_no_way_to_what_viewers_may_not(
    browser: Browser, owner: Tab, platform: RunningControlPlane
) -> None:
    """And a link from somebody else is refused with the reason."""
    page = owner.page
    await owner.open("/settings/users/new")
    await page.get_by_label("Name").fill("vic")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("Role in Production").select_option("viewer")
    await page.get_by_role("button", name="Add the user").click()
    await page.get_by_text("The user vic is created.").wait_for()
    async with open_tab(browser, platform.base_url) as viewer:
        await viewer.open("/")
        await viewer.log_in("vic", PASSWORD)
        assert await viewer.heading() == "Home"
        await expect(viewer.page.get_by_role("link", name="Audit log")).to_be_hidden()
        with viewer.expecting(403):
            await viewer.open("/audit")
        assert await viewer.heading() == "You may not do this"
        await expect(viewer.page.get_by_text("audit:read")).to_be_visible()
        assert await viewer.barriers() == []
        assert viewer.problems == []
