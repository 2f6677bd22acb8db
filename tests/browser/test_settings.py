"""Settings and the audit log in a browser."""

from playwright.async_api import Browser, expect

from tests.rig.browser import Tab, open_tab
from tests.rig.control_plane import RunningControlPlane


async def test_a_token_is_made_copied_and_revoked(owner: Tab) -> None:
    """The dialog asks before the token ends."""
    page = owner.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await owner.open("/settings/tokens")
    await page.get_by_label("Name").fill("nightly report")
    await page.get_by_role("button", name="Create").click()
    secret = page.locator(".secret pre").first
    token = await secret.inner_text()
    await page.get_by_role("button", name="Copy").first.click()
    await page.get_by_role("button", name="Copied").wait_for()
    assert await page.evaluate("navigator.clipboard.readText()") == token
    await page.get_by_role("link", name="Revoke").click()
    dialog = page.get_by_role("dialog", name="Revoke the token nightly report?")
    assert await owner.barriers() == []
    await dialog.get_by_role("link", name="Cancel").click()
    await expect(dialog).to_be_hidden()
    await page.get_by_role("link", name="Revoke").click()
    await dialog.get_by_role("button", name="Revoke").click()
    await page.get_by_text("The token nightly report is revoked.").wait_for()


async def test_without_scripts_the_question_is_a_page(
    browser: Browser, platform: RunningControlPlane
) -> None:
    """And the whole way works."""
    async with open_tab(browser, platform.base_url, java_script_enabled=False) as tab:
        page = tab.page
        await tab.open("/settings/tokens")
        await tab.log_in("admin", platform.credentials.admin_password)
        await page.get_by_label("Name").fill("script")
        await page.get_by_role("button", name="Create").click()
        await page.get_by_role("link", name="Revoke").click()
        assert await tab.heading() == "Revoke the token script?"
        await page.get_by_role("button", name="Revoke").click()
        await page.get_by_text("The token script is revoked.").wait_for()
        assert tab.problems == []


async def test_a_user_is_added_found_and_deleted(owner: Tab) -> None:
    """The list follows the typing; a wrong form keeps what was typed and names the field."""
    page = owner.page
    await owner.open("/settings/users")
    await page.get_by_role("link", name="Add a user").click()
    await page.get_by_label("Name").fill("ann")
    await page.get_by_label("Password").fill("short")
    await page.get_by_label("Role in all environments").select_option("viewer")
    with owner.expecting(400):
        await page.get_by_role("button", name="Add the user").click()
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("Use at least 12 characters.")
        await expect(alert).to_be_focused()
    assert await owner.barriers() == []
    await page.get_by_label("Password").fill("correct horse battery")
    await page.get_by_role("button", name="Add the user").click()
    await page.get_by_text("The user ann is created.").wait_for()
    await page.get_by_label("Search for a name or email").press_sequentially("an")
    await expect(page.get_by_role("link", name="admin")).to_be_hidden()
    assert owner.path == "/settings/users?q=an"
    assert await owner.barriers() == []
    await page.get_by_role("link", name="ann").click()
    assert await owner.barriers() == []
    await page.get_by_role("link", name="Delete").click()
    await page.get_by_label("Type ann to go on").fill("ann")
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await page.get_by_text("The user ann is deleted.").wait_for()


async def test_times_are_in_the_zone_of_the_viewer(owner: Tab) -> None:
    """With the zone's name; the exact time in UTC stays in the element."""
    await owner.open("/settings")
    moment = owner.page.locator("time").first
    assert (await moment.inner_text()).endswith(("CET", "CEST", "GMT+1", "GMT+2"))
    assert (await moment.get_attribute("datetime") or "").endswith("Z")
    assert (await moment.get_attribute("title") or "").endswith("UTC")
    assert await owner.barriers() == []


async def test_the_audit_log_shows_the_difference(
    owner: Tab, platform: RunningControlPlane
) -> None:
    """Who, what and from where; the values on a click; an export without opening a page."""
    api = await platform.admin.create_api("orders", description="old")
    await platform.admin.ask(
        "PATCH",
        f"/apimanager/api/v1/organizations/{platform.credentials.organization_id}"
        f"/environments/{platform.credentials.environment_id}/apis/{api['id']}",
        {"description": "new"},
    )
    page = owner.page
    await owner.open("/audit?kind=api")
    row = page.get_by_role("row").nth(1)
    await expect(row).to_contain_text("from 127.0.0.1")
    await row.locator("summary").click()
    await expect(row.locator("del").first).to_contain_text("old")
    await expect(row.locator("ins").first).to_contain_text("new")
    assert await owner.barriers() == []
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Export as CSV").click()
    assert (await download.value).suggested_filename == "audit-log.csv"


async def test_pages_fit_on_a_phone(owner: Tab) -> None:
    """No page is wider than the screen; wide tables scroll by themselves."""
    await owner.page.set_viewport_size({"width": 360, "height": 700})
    for path in ("/", "/settings", "/settings/tokens", "/settings/users", "/audit"):
        await owner.open(path)
        width = await owner.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, path
