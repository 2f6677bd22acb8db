"""Adapters, roll-outs and discovered services in a browser, while reports arrive."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import httpx
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.control_plane.conftest import gateway_token
from tests.control_plane.fleet.reports import Document, api, report, seen
from tests.rig.browser import Tab, open_tab
from tests.rig.control_plane import RunningControlPlane

Send: TypeAlias = Callable[[str, Document], Awaitable[None]]
NEWEST = 10**6
"""A revision that no change of these tests has yet."""


@pytest_asyncio.fixture(loop_scope="session")
async def send(platform: RunningControlPlane) -> AsyncIterator[Send]:
    """Sends a report as an adapter of this name."""
    known = platform.credentials
    async with httpx.AsyncClient(base_url=platform.base_url, trust_env=False) as http:
        http.headers["Authorization"] = f"Bearer {await gateway_token(http, known)}"
        adapters = (
            f"/policy-control-plane/v1/organizations/{known.organization_id}"
            f"/environments/{known.environment_id}/adapters"
        )

        async def sending(name: str, document: Document) -> None:
            answer = await http.put(f"{adapters}/{name}/report", json=document)
            assert answer.status_code == 204, answer.text

        yield sending


async def test_a_rollout_is_followed_without_reloading(
    owner: Tab, platform: RunningControlPlane, send: Send
) -> None:
    """The sentence changes when the second adapter has the change in force."""
    api_id = (await platform.admin.create_api("rollout"))["id"]
    await send("a", report(NEWEST, api(api_id, NEWEST)))
    await send("b", report(0, api(api_id, 0)))
    await owner.open(f"{owner.path}/apis/{api_id}/rollout")
    sentence = owner.page.locator("#rollout p[role=status]")
    await expect(sentence).to_contain_text("1 of 2 adapters run it.")
    assert await owner.barriers() == []
    await send("b", report(NEWEST, api(api_id, NEWEST)))
    await expect(sentence).to_contain_text("2 of 2 adapters run it.")


async def test_the_pages_of_adapters_have_no_barriers(
    owner: Tab, platform: RunningControlPlane, send: Send
) -> None:
    """The list and one adapter, with every state; forgetting asks in a dialog."""
    api_id = (await platform.admin.create_api("closed"))["id"]
    faulty = api(api_id, NEWEST, faults=["policy 7 (no-such-type): not supported"])
    await send("closed", report(NEWEST, faulty, alarms=["quota store: it is down"]))
    home = owner.path
    await owner.open(f"{home}/adapters")
    assert await owner.barriers() == []
    await owner.page.get_by_role("link", name="closed").click()
    await owner.page.get_by_text("policy 7 (no-such-type): not supported").wait_for()
    assert await owner.barriers() == []
    await owner.page.get_by_role("link", name="Forget").click()
    await owner.page.get_by_role("dialog").get_by_role("button", name="Forget").click()
    await owner.page.get_by_text("The adapter closed is forgotten.").wait_for()


async def test_a_search_stays_while_the_list_renews_itself(owner: Tab, send: Send) -> None:
    """What is polled is what is shown."""
    for name in ("north-1", "south-1"):
        await send(name, report(NEWEST))
    await owner.page.clock.install()
    await owner.open(f"{owner.path}/adapters")
    await owner.page.get_by_label("Search for a name or version").fill("north")
    await owner.page.clock.fast_forward(500)
    await owner.page.wait_for_url("**/adapters?q=north")
    await expect(owner.page.get_by_role("link", name="south-1")).to_have_count(0)
    async with owner.page.expect_response("**/adapters?q=north") as polled:
        await owner.page.clock.fast_forward("00:11")
    assert (await polled.value).ok
    await expect(owner.page.get_by_role("link", name="south-1")).to_have_count(0)


async def test_a_service_is_managed_without_scripts(
    browser: Browser, platform: RunningControlPlane, send: Send
) -> None:
    """From the list to the binding, with links and forms only."""
    await send("a", report(NEWEST, services=[seen("stock.test", 7, "stock")]))
    async with open_tab(browser, platform.base_url, java_script_enabled=False) as tab:
        await tab.open("/login")
        await tab.log_in("admin", platform.credentials.admin_password)
        await tab.open(f"{tab.path}/services")
        await tab.page.get_by_role("link", name="Manage stock.test").click()
        await tab.page.get_by_role("button", name="Create the API instance").click()
        await tab.page.get_by_text("Now bind the service's requests to it.").wait_for()
        await tab.page.get_by_text("In the adapter's settings, by the host").click()
        await expect(tab.page.get_by_text('authority: "stock.test"')).to_be_visible()
        assert tab.problems == []


async def test_the_pages_of_services_have_no_barriers(owner: Tab, send: Send) -> None:
    """The list, the form to manage one, the form to ignore one, and one service."""
    await send("a", report(NEWEST, services=[seen("probe.test", 7)]))
    home = owner.path
    await owner.open(f"{home}/services")
    assert await owner.barriers() == []
    for link in ("Manage probe.test", "Ignore probe.test", "probe.test"):
        await owner.open(f"{home}/services")
        await owner.page.get_by_role("link", name=link, exact=True).click()
        assert await owner.barriers() == []
