"""Every page of the console, found by following links: what holds for all of them."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ViewportSize

from control_plane.pages.app import page_routes
from support.console_crawl import NO_PAGES, crawl, links, page_name
from tests.browser.sample_site import fill
from tests.rig.browser import Tab, open_tab
from tests.rig.control_plane import RunningControlPlane, running_control_plane

PHONE: ViewportSize = {"width": 360, "height": 740}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningControlPlane]:
    """A control plane with something on every page."""
    async with running_control_plane(tmp_path_factory.mktemp("console")) as running:
        await fill(running)
        yield running


async def pages_of(tab: Tab) -> dict[str, str]:
    """One path to each kind of page, found without opening them all."""

    async def fetch(path: str) -> str:
        found: str = await tab.page.evaluate("path => fetch(path).then(r => r.text())", path)
        return found

    return await crawl(fetch, tab.path)


async def make_token(tab: Tab) -> None:
    """Make a personal token, which only a page can do."""
    await tab.open("/settings/tokens")
    await tab.page.get_by_label("Name").fill("script")
    await tab.page.get_by_role("button", name="Create").click()
    await tab.page.get_by_text("Copy it now").wait_for()


async def test_every_page_can_be_reached_and_holds_to_the_rules(owner: Tab) -> None:
    """Axe finds nothing in light and dark; no page is wider than a phone; nothing is blocked."""
    await make_token(owner)
    pages = await pages_of(owner)
    expected = {route.name for route in page_routes() if "GET" in (route.methods or ())}
    assert expected - pages.keys() - NO_PAGES == set()
    wrong = []
    for name, path in pages.items():
        await owner.page.set_viewport_size({"width": 1280, "height": 800})
        await owner.open(path)
        wrong += [f"{name}: {barrier}" for barrier in await owner.barriers()]
        await owner.page.set_viewport_size(PHONE)
        width = await owner.page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wrong.append(f"{name}: {width} pixels wide on a phone")
    assert wrong == []


async def test_every_page_is_there_without_scripts(
    browser: Browser, platform: RunningControlPlane
) -> None:
    """The same pages have a heading and are no error."""
    async with open_tab(browser, platform.base_url, java_script_enabled=False) as tab:
        await tab.open("/login")
        await tab.log_in("admin", platform.credentials.admin_password)
        waiting, seen = ["/"], set[str]()
        while waiting:
            answer = await tab.page.goto(waiting.pop())
            assert answer is not None
            assert answer.ok, answer.url
            text = await answer.text()
            assert re.search("<h1>.+</h1>", text), answer.url
            for path in links(text):
                name = page_name(path)
                if name and name not in seen and name not in NO_PAGES:
                    seen.add(name)
                    waiting.append(path)
        assert len(seen) > 10
        assert tab.problems == []
