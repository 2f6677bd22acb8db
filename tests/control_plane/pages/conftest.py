"""Visitors of the console."""

from collections.abc import AsyncIterator

import pytest

from control_plane.accounts.roles import Role
from tests.control_plane.conftest import Platform
from tests.control_plane.pages.visitor import Visitor, visiting, visiting_as


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
