"""Policies in a browser: by form, by keyboard alone, without scripts, by dragging, in conflict."""

import itertools
from collections.abc import Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.rig.browser import Tab, open_tab
from tests.rig.control_plane import RunningControlPlane

LIMITS = {"rateLimits": [{"maximumRequests": 100, "timePeriodInMilliseconds": 60000}]}


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """Makes names of API instances differ."""
    return itertools.count(1)


@pytest_asyncio.fixture(loop_scope="session")
async def api(platform: RunningControlPlane, numbers: Iterator[int]) -> int:
    """A new API instance."""
    made = await platform.admin.create_api(f"orders{next(numbers)}")
    return int(made["id"])


def policies(platform: RunningControlPlane, api: int) -> str:
    """The path of its policies."""
    return f"/environments/{platform.credentials.environment_id}/apis/{api}/policies"


async def titles(page: Page) -> list[str]:
    """The policies in their order."""
    return await page.locator("table.chain strong").all_inner_texts()


async def focused(page: Page) -> str:
    """The label of the field or the text of the button that has the focus."""
    return str(
        await page.evaluate(
            "() => { const e = document.activeElement;"
            " return e.labels?.[0]?.innerText ?? e.innerText; }"
        )
    )


async def tab_to(page: Page, text: str) -> None:
    """Press Tab until the thing with this text has the focus."""
    for _ in range(60):
        if (await focused(page)).startswith(text):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{text} can't be reached")


async def test_a_policy_is_added_by_keyboard_alone(
    owner: Tab, platform: RunningControlPlane, api: int
) -> None:
    """From the empty chain to the review; after each step the focus is where the work goes on."""
    page = owner.page
    await owner.open(policies(platform, api))
    keyboard = page.keyboard
    await tab_to(page, "Add the first policy")
    await keyboard.press("Enter")
    await page.wait_for_url("**/policies/new")
    await tab_to(page, "Rate limiting")
    await keyboard.press("Enter")
    await page.wait_for_url("**/new/rate-limiting")
    await tab_to(page, "Maximum requests")
    await keyboard.type("many")
    with owner.expecting(400):
        await keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_be_focused()
    await keyboard.press("Tab")
    assert await focused(page) == "Limit 1: Maximum requests"
    await keyboard.press("Enter")
    await expect(page.get_by_label("Maximum requests")).to_be_focused()
    await keyboard.press("Control+A")
    await keyboard.type("10")
    await tab_to(page, "Time period")
    await keyboard.type("60000")
    await tab_to(page, "Add a limit")
    await keyboard.press("Enter")
    await expect(page.get_by_label("Maximum requests").nth(1)).to_be_focused()
    await tab_to(page, "Remove limit 2")
    await keyboard.press("Enter")
    await expect(page.get_by_role("group", name="Limit 2")).to_have_count(0)
    await tab_to(page, "Review the policy")
    await keyboard.press("Enter")
    await page.get_by_role("heading", name="The policy").wait_for()
    await tab_to(page, "Apply the policy")
    await keyboard.press("Enter")
    await page.get_by_text("Rate limiting is applied.").wait_for()
    stored = await platform.admin.ask("GET", f"{api_path(platform, api)}/policies/1")
    limit = {"maximumRequests": 10, "timePeriodInMilliseconds": 60000}
    assert stored["configuration"] == {"rateLimits": [limit]}


def api_path(platform: RunningControlPlane, api: int) -> str:
    """The API instance in the JSON API."""
    known = platform.credentials
    organization = f"/apimanager/api/v1/organizations/{known.organization_id}"
    return f"{organization}/environments/{known.environment_id}/apis/{api}"


async def test_the_form_the_tester_and_json(
    owner: Tab, platform: RunningControlPlane, api: int
) -> None:
    """Nested rows, a pointcut that is tested, JSON and back; what was typed stays all the time."""
    page = owner.page
    await owner.open(f"{policies(platform, api)}/new/cors")
    await page.get_by_role("button", name="Add an origin group").click()
    await page.get_by_label("Origin group name").fill("partners")
    await page.get_by_role("button", name="Add an allowed method").click()
    await page.get_by_label("Method name").fill("GET")
    await page.get_by_role("button", name="Add a pointcut").click()
    await page.get_by_label("Methods", exact=True).fill("GET")
    pointcut = page.get_by_role("group", name="Pointcut 1")
    await pointcut.get_by_label("Path").fill("/orders/.*")
    await page.locator(".tester").get_by_label("Path").fill("/orders/1")
    await page.get_by_role("button", name="Does this match?").click()
    await page.get_by_text("By pointcut 1.").wait_for()
    assert await owner.barriers() == []
    await page.get_by_role("button", name="JSON").click()
    text = page.get_by_label("Configuration as JSON")
    await text.fill((await text.input_value()).replace("partners", "friends"))
    assert await owner.barriers() == []
    await page.get_by_role("button", name="Form").click()
    await expect(page.get_by_label("Origin group name")).to_have_value("friends")
    await expect(page.get_by_label("Method name")).to_have_value("GET")


async def test_it_works_without_scripts(
    browser: Browser, platform: RunningControlPlane, api: int
) -> None:
    """Adding rows, the review, the order, and turning off."""
    async with open_tab(browser, platform.base_url, java_script_enabled=False) as tab:
        page, path = tab.page, policies(platform, api)
        await tab.open(f"{path}/new/message-logging")
        await tab.log_in("admin", platform.credentials.admin_password)
        await page.get_by_label("Message", exact=True).fill("a request")
        await page.get_by_label("Level").select_option("INFO")
        await page.get_by_role("button", name="Add a logging configuration").click()
        await expect(page.get_by_label("Message", exact=True).first).to_have_value("a request")
        await page.get_by_role("button", name="Remove logging configuration 2").click()
        await page.get_by_role("button", name="Review the policy").last.click()
        await page.get_by_role("button", name="Apply the policy").click()
        await platform.admin.apply_policy(api, "access-block", {})
        await tab.open(path)
        assert await titles(page) == ["Message logging", "Access block"]
        await page.get_by_role("button", name="Move Access block up").click()
        assert await titles(page) == ["Access block", "Message logging"]
        await page.get_by_role("link", name="Turn off Access block").click()
        await page.get_by_role("button", name="Turn off").click()
        await page.get_by_text("Access block is off.").wait_for()
        assert tab.problems == []


async def test_back_from_the_review_leads_to_what_was_typed(
    owner: Tab, platform: RunningControlPlane, api: int
) -> None:
    """Also to added rows. After a logout, Back leads to the login and shows nothing."""
    await platform.admin.apply_policy(api, "rate-limiting", LIMITS)
    page = owner.page
    await owner.open(policies(platform, api))
    await page.get_by_role("link", name="Rate limiting", exact=True).click()
    await page.get_by_role("button", name="Add a limit").click()
    maximum = page.get_by_label("Maximum requests")
    await maximum.nth(1).fill("77")
    await page.get_by_label("Time period in milliseconds").nth(1).fill("1000")
    await page.get_by_role("button", name="Review the change").last.click()
    await page.get_by_role("heading", name="What changes").wait_for()
    await page.evaluate("history.back()")
    await expect(maximum.nth(1)).to_have_value("77")
    await page.get_by_role("button", name="Log out").click()
    await page.get_by_text("You are logged out.").wait_for()
    await page.evaluate("history.back()")
    await page.wait_for_url("**/login?next=*")


async def test_policies_are_dragged_to_their_places(
    owner: Tab, platform: RunningControlPlane, api: int
) -> None:
    """CORS stays first, and automated policies can't be moved here."""
    for name, configuration in (
        ("access-block", {}),
        ("cors", {}),
        ("header-removal", {}),
        ("rate-limiting", LIMITS),
    ):
        await platform.admin.apply_policy(api, name, configuration)
    page = owner.page
    await owner.open(policies(platform, api))
    handles = page.locator(".handle")
    await expect(handles).to_have_count(3)
    await handles.nth(2).drag_to(handles.nth(0), target_position={"x": 2, "y": 1})
    await page.get_by_text("The order is changed.").wait_for()
    expected = ["CORS", "Rate limiting", "Access block", "Header removal"]
    assert await titles(page) == expected
    assert await owner.barriers() == []


async def test_policies_are_dragged_with_a_finger(
    browser: Browser, platform: RunningControlPlane, api: int
) -> None:
    """On a phone, where the browser would otherwise scroll."""
    for name in ("access-block", "header-removal"):
        await platform.admin.apply_policy(api, name, {})
    size = {"width": 375, "height": 800}
    async with open_tab(browser, platform.base_url, has_touch=True, viewport=size) as tab:
        await tab.open(policies(platform, api))
        await tab.log_in("admin", platform.credentials.admin_password)
        handles = tab.page.locator(".handle")
        await handles.nth(1).scroll_into_view_if_needed()
        first, second = await handles.nth(0).bounding_box(), await handles.nth(1).bounding_box()
        assert first is not None
        assert second is not None
        finger = await tab.page.context.new_cdp_session(tab.page)
        x = first["x"] + 6
        for kind, y in (
            ("touchStart", second["y"] + 6),
            ("touchMove", second["y"] - 20),
            ("touchMove", first["y"]),
            ("touchMove", first["y"] - 1),
        ):
            points = [{"x": x, "y": y}]
            await finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        await finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        await tab.page.get_by_text("The order is changed.").wait_for()
        assert await titles(tab.page) == ["Header removal", "Access block"]
        assert tab.problems == []


async def test_two_admins_change_the_same_policy(
    owner: Tab, browser: Browser, platform: RunningControlPlane, api: int
) -> None:
    """The second sees theirs and yours, and decides."""
    await platform.admin.apply_policy(api, "rate-limiting", LIMITS)
    path = policies(platform, api)
    await owner.open(path)
    await owner.page.get_by_role("link", name="Rate limiting", exact=True).click()
    async with open_tab(browser, platform.base_url) as other:
        await other.open(path)
        await other.log_in("admin", platform.credentials.admin_password)
        await other.page.get_by_role("link", name="Rate limiting", exact=True).click()
        await other.page.get_by_label("Maximum requests").fill("50")
        await other.page.get_by_role("button", name="Review the change").last.click()
        await other.page.get_by_role("button", name="Save the change").click()
        await other.page.get_by_text("Rate limiting is changed.").wait_for()
    page = owner.page
    await page.get_by_label("Maximum requests").fill("70")
    with owner.expecting(412):
        await page.get_by_role("button", name="Review the change").last.click()
        await page.get_by_role("heading", name="Somebody else changed this").wait_for()
    row = page.get_by_role("row", name="Rate limits")
    await expect(row).to_contain_text("Maximum requests: 50")
    await expect(row).to_contain_text("Maximum requests: 70")
    assert await owner.barriers() == []
    await page.get_by_role("button", name="Save mine instead").click()
    await page.get_by_text("Rate limiting is changed.").wait_for()
    await page.get_by_text("Configuration", exact=True).click()
    await expect(page.locator("table.chain pre").first).to_contain_text('"maximumRequests": 70')


async def test_removing_asks_in_a_dialog(
    owner: Tab, platform: RunningControlPlane, api: int
) -> None:
    """With the consequence in words."""
    await platform.admin.apply_policy(api, "access-block", {})
    page = owner.page
    await owner.open(policies(platform, api))
    await page.get_by_role("link", name="Remove Access block").click()
    dialog = page.get_by_role("dialog", name="Remove Access block?")
    await expect(dialog).to_contain_text("all requests to this API will be allowed")
    await dialog.get_by_role("button", name="Remove").click()
    await page.get_by_text("Access block is removed.").wait_for()
