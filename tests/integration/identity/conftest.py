"""Fixtures for tests with a real identity provider."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.rig.identity_provider import IdentityProvider, running_provider


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[IdentityProvider]:
    """A provider that all tests of a module share."""
    async with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running
