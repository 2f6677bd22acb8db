"""The dashboard in a browser."""

import asyncio

from playwright.async_api import Browser, expect

from tests.browser.sample_site import fill
from tests.rig.browser import Tab, open_tab
from tests.rig.control_plane import RunningControlPlane


async def test_the_dashboard_is_drawn_and_filters(
    owner: Tab, platform: RunningControlPlane, browser: Browser
) -> None:
    """Charts are drawn, a row filters, a bar leads to its time, and without scripts it works.

    On a phone, the log shows the answers without scrolling, and policies their scope.
    """
    await fill(platform)
    page = owner.page
    await page.get_by_role("link", name="Analytics").click()
    requests = page.get_by_role("img", name="requests, ")
    await expect(requests.locator("canvas")).to_be_visible()
    drawn = await requests.locator("canvas").evaluate(
        "(canvas) => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width,"
        " canvas.height).data).size"
    )
    assert drawn > 10
    assert await owner.barriers() == []
    await page.get_by_role("link", name="payments", exact=True).click()
    await expect(page.get_by_label("API instance")).to_have_value("2")
    await page.get_by_label("Refresh").select_option("10")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.locator("#traffic")).to_have_attribute("data-refresh", "10")
    await page.locator("#traffic").dispatch_event("refresh")
    await expect(requests.locator("canvas")).to_be_visible()
    over = requests.locator(".u-over")
    async with asyncio.timeout(15):
        # If the chart is drawn again meanwhile, the pointer has to come back.
        while "2xx" not in (await page.locator(".readout").first.text_content() or ""):
            await page.mouse.move(0, 0)
            await over.hover()
    await over.click()
    await page.wait_for_url("**/analytics?*since=*")
    assert "in steps of 1 minute" in await page.locator("#traffic").inner_text()
    await page.set_viewport_size({"width": 375, "height": 800})
    environment = f"/environments/{platform.credentials.environment_id}"
    await owner.open(f"{environment}/requests")
    answer = await page.get_by_role("cell", name="429").first.bounding_box()
    assert answer is not None
    assert answer["x"] + answer["width"] <= 375
    await owner.open(f"{environment}/apis/1/policies")
    await expect(page.get_by_role("cell", name="/orders(/.*)?")).to_be_visible()
    await page.get_by_role("link", name="Requests", exact=True).click()
    await page.locator("tbody a").first.click()
    await expect(page.get_by_text("Event id")).to_be_visible()
    assert await owner.barriers() == []
    async with open_tab(browser, platform.base_url, java_script_enabled=False) as tab:
        await tab.open("/login")
        await tab.log_in("admin", platform.credentials.admin_password)
        await tab.page.get_by_role("link", name="Analytics").click()
        await tab.page.get_by_text("Requests as a table").click()
        await expect(tab.page.get_by_role("columnheader", name="denied")).to_be_visible()
        assert tab.problems == []
