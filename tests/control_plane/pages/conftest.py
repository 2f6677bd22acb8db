"""Visitors of the console, on SQLite."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from control_plane.accounts.roles import Role
from tests.control_plane.conftest import Platform, database_without_rows
from tests.control_plane.pages.visitor import Visitor, visiting, visiting_as


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """SQLite, unless a test names its databases.

    The tests of the protocol show that both databases give the same answers. Here, only pages that
    search, sort or count name both, and those that take odd ids and texts.
    """
    yield from database_without_rows(request, tmp_path)


@pytest.fixture
async def stranger(platform: Platform) -> AsyncIterator[Visitor]:
    """Somebody who is not logged in."""
    async with visiting(platform) as visitor:
        yield visitor


@pytest.fixture
async def owner(platform: Platform) -> AsyncIterator[Visitor]:
    """The admin of the first start."""
    async with visiting(platform) as visitor:
        credentials = platform.credentials
        await visitor.log_in(credentials.admin_username, credentials.admin_password)
        yield visitor


@pytest.fixture
async def viewer(platform: Platform) -> AsyncIterator[Visitor]:
    """A user who may look at everything, and change nothing."""
    async with visiting_as(platform, Role.VIEWER) as visitor:
        yield visitor
