"""What the tests of the platform client share."""

from pathlib import Path

import pytest

from tests.rig.clock import FakeClock
from tests.rig.platform_simulator import PlatformSimulator
from tests.unit.platform_client.sync_rig import Rig


@pytest.fixture
def clock() -> FakeClock:
    """Time in the tests' hands."""
    return FakeClock()


@pytest.fixture
def platform(clock: FakeClock) -> PlatformSimulator:
    """A platform with one API, number 7."""
    platform = PlatformSimulator(clock)
    platform.add_api("7", "orders").apply("ip-blocklist")
    return platform


@pytest.fixture
def rig() -> Rig:
    """A rig with one API, number 7, that has no policies yet."""
    return Rig()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the disk copy goes; the directory is not there yet."""
    return tmp_path / "state" / "catalog"
