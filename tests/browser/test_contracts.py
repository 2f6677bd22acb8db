"""Contracts, applications, SLA tiers and automated policies, in a browser."""

import pytest_asyncio
from playwright.async_api import Browser

from tests.rig.browser import Tab, open_tab
from tests.rig.control_plane import RunningControlPlane


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def filled(platform: RunningControlPlane) -> None:
    """An API with two tiers, and applications that wait."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    gold = await admin.create_tier(api_id, "Gold", [(1000, 60_000)], auto_approve=False)
    await admin.create_tier(api_id, "Silver", [(100, 60_000)], auto_approve=False)
    for name in ("Shop", "Partner", "Report", "Keyboard"):
        application = await admin.create_application(name)
        await admin.request_contract(api_id, application["id"], gold["id"])


async def test_a_contract_is_approved_on_another_tier(owner: Tab) -> None:
    """The queue finds it while somebody types, and its page offers the tiers."""
    page = owner.page
    await page.get_by_role("link", name="Contracts").click()
    await page.get_by_label("Search for an application or an API").fill("sho")
    await page.get_by_role("link", name="Partner").wait_for(state="detached")
    assert await owner.barriers() == []
    await page.get_by_role("link", name="Shop").click()
    await page.get_by_label("SLA tier").select_option("Silver")
    assert await owner.barriers() == []
    await page.get_by_role("button", name="Approve").click()
    await page.get_by_text("The contract of Shop is approved.").wait_for()
    await page.get_by_role("link", name="Approved (1)").click()
    row = page.get_by_role("row", name="Shop")
    assert "Silver" in await row.inner_text()


async def test_a_contract_is_revoked_in_a_dialog(owner: Tab, platform: RunningControlPlane) -> None:
    """The dialog says what it means; Cancel changes nothing."""
    await platform.admin.approve(1, 2)
    page = owner.page
    await owner.open(f"{owner.path}/contracts/2")
    await page.get_by_role("link", name="Revoke").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("Partner made 0 requests to orders today").wait_for()
    assert await owner.barriers() == []
    await dialog.get_by_role("link", name="Cancel").click()
    await page.get_by_role("link", name="Revoke").click()
    await dialog.get_by_role("button", name="Revoke").click()
    await page.get_by_text("The contract of Partner is revoked.").wait_for()


async def test_a_secret_is_rotated(owner: Tab) -> None:
    """The page that shows it says until when the old one works."""
    page, home = owner.page, owner.path
    await page.get_by_role("link", name="Applications").click()
    assert await owner.barriers() == []
    await page.get_by_role("link", name="Shop").click()
    assert await owner.barriers() == []
    await page.get_by_role("link", name="New secret").click()
    assert await owner.barriers() == []
    await page.get_by_role("button", name="Make a new secret").click()
    await page.get_by_role("heading", name="Client secret").wait_for()
    assert await owner.barriers() == []
    await page.get_by_role("link", name="I have copied it").click()
    await page.get_by_role("link", name="End the old secret now").click()
    await page.get_by_role("dialog").get_by_role("button", name="End it").click()
    await page.get_by_text("Only the new secret of Shop works.").wait_for()
    await owner.open(f"{home}/applications/new")
    assert await owner.barriers() == []


async def test_a_tier_says_what_its_change_means(owner: Tab) -> None:
    """Before it is saved."""
    page = owner.page
    await owner.open(f"{owner.path}/apis/1/tiers")
    assert await owner.barriers() == []
    await page.get_by_role("link", name="Silver").click()
    assert await owner.barriers() == []
    await page.get_by_role("group", name="Limit 1").get_by_label("Requests").fill("200")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("gets the new limits").wait_for()
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("200 requests per minute").wait_for()


async def test_the_keyboard_is_enough_to_reject(owner: Tab) -> None:
    """Space chooses a contract, Tab leads to the reason, Enter on the button rejects."""
    page = owner.page
    await owner.open(f"{owner.path}/contracts?status=pending")
    await page.get_by_label("Choose the contract of Keyboard with orders").focus()
    await page.keyboard.press("Space")
    reason = page.get_by_label("Reason, if you reject")
    while not await reason.evaluate("field => field === document.activeElement"):
        await page.keyboard.press("Tab")
    await page.keyboard.type("Not yet")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.get_by_text("Contracts: 1 rejected.").wait_for()


async def test_it_works_without_scripts(browser: Browser, platform: RunningControlPlane) -> None:
    """A contract is approved, and a secret made."""
    async with open_tab(browser, platform.base_url, java_script_enabled=False) as tab:
        await tab.open("/login")
        await tab.log_in("admin", platform.credentials.admin_password)
        home = tab.path
        await tab.open(f"{home}/contracts/3")
        await tab.page.get_by_role("button", name="Approve").click()
        await tab.page.get_by_text("The contract of Report is approved.").wait_for()
        await tab.open(f"{home}/contracts/3")
        await tab.page.get_by_role("link", name="Revoke").click()
        await tab.page.get_by_role("button", name="Revoke").click()
        await tab.page.get_by_text("The contract of Report is revoked.").wait_for()
        await tab.open(f"{home}/applications/3/secret")
        await tab.page.get_by_role("button", name="Make a new secret").click()
        assert await tab.heading() == "The secret of Report"
        assert tab.problems == []


async def test_an_automated_policy_is_turned_off_in_a_dialog(
    owner: Tab, platform: RunningControlPlane
) -> None:
    """The dialog says how many APIs are concerned."""
    for name, configuration in (("ip-blocklist", {"ips": ["192.0.2.1"]}), ("access-block", {})):
        await platform.admin.apply_automated_policy(name, configuration)
    page = owner.page
    await page.get_by_role("link", name="Automated policies").click()
    assert await owner.barriers() == []
    await page.get_by_role("button", name="Move Access block up").click()
    await page.get_by_text("The order is changed.").wait_for()
    await page.get_by_role("link", name="Turn off Access block").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("Requests to 1 API instance are decided without it.").wait_for()
    await dialog.get_by_role("button", name="Turn off").click()
    await page.get_by_text("Access block is off.").wait_for()
