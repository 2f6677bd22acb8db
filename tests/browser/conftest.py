"""One browser and one control plane for all tests here; a tab of its own for each test."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.rig.browser import Tab, open_tab, running_browser
from tests.rig.control_plane import RunningControlPlane, running_control_plane


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Run the tests of this folder in one loop, because a browser belongs to one."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser."""
    async with running_browser() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningControlPlane]:
    """A control plane for the tests of a file."""
    async with running_control_plane(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(browser: Browser, platform: RunningControlPlane) -> AsyncIterator[Tab]:
    """A tab of somebody who is not logged in. Its pages must do nothing that they may not."""
    async with open_tab(browser, platform.base_url) as tab:
        yield tab
        assert tab.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def owner(stranger: Tab, platform: RunningControlPlane) -> Tab:
    """A tab of the owner, at home."""
    await stranger.open("/login")
    await stranger.log_in(platform.credentials.admin_username, platform.credentials.admin_password)
    await stranger.page.wait_for_url("**/environments/*")
    return stranger
