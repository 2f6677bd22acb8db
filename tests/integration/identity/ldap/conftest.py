"""One real LDAP server for these tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.rig.certificates import Authority
from tests.rig.slapd import Slapd, running_slapd


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Signed the server's certificate."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def slapd(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Slapd]:
    """The server, which tests leave as they found it."""
    async with running_slapd(tmp_path_factory.mktemp("slapd"), authority) as server:
        yield server


@pytest.fixture
def directory_of_own(tmp_path: Path) -> Path:
    """A folder for a server of the test's own."""
    folder = tmp_path / "slapd"
    folder.mkdir()
    return folder
