"""Which files a process locks; tests/e2e has the processes."""

from pathlib import Path

import pytest

from adapter.app.own_files import OwnFiles
from adapter.errors import ConfigurationError
from adapter.settings import PlatformSettings, Settings

PLATFORM = PlatformSettings.model_validate(
    {
        "base_url": "http://127.0.0.1:9",
        "organization_id": "org",
        "environment_id": "env",
        "client_id": "gateway",
        "client_secret": "secret",
    }
)


def files(**groups: object) -> OwnFiles:
    """The files of these settings."""
    return OwnFiles(Settings.model_validate({"platform": PLATFORM, **groups}))


def test_without_files_nothing_is_locked() -> None:
    """And nothing is created."""
    own = files()
    own.acquire()
    own.release()


def test_all_are_locked_or_none(tmp_path: Path) -> None:
    """A quota file in use leaves the disk copy free for others."""
    quota = {"file": str(tmp_path / "quotas" / "windows")}
    first = files(quota=quota)
    first.acquire()
    second = files(quota=quota, disk_copy={"directory": str(tmp_path / "disk")})
    message = rf"^quota.file: {tmp_path}/quotas/windows is in use by process \d+ on .+; give each"
    with pytest.raises(ConfigurationError, match=message):
        second.acquire()
    third = files(disk_copy={"directory": str(tmp_path / "disk")})
    third.acquire()
    third.release()
    first.release()
    second.acquire()
    second.release()


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """With the system's reason."""
    (tmp_path / "file").touch()
    with pytest.raises(
        ConfigurationError, match=r"^state_directory: .*/file/catalog cannot be used: File exists$"
    ):
        files(state_directory=str(tmp_path / "file")).acquire()


def test_the_spool_belongs_to_one_process_unless_it_is_in_memory(tmp_path: Path) -> None:
    """Then nothing of it is on the disk."""
    elsewhere = {
        "disk_copy": {"directory": str(tmp_path / "disk")},
        "quota": {"file": str(tmp_path / "quota")},
    }
    for analytics, locked in (
        ({}, True),
        ({"spool": "memory"}, False),
        ({"enabled": False}, False),
    ):
        groups = {"analytics": analytics, **elsewhere}
        own = files(state_directory=str(tmp_path / "state"), **groups)
        own.acquire()
        assert (tmp_path / "state" / ".events.spool.lock").exists() is locked
        own.release()
