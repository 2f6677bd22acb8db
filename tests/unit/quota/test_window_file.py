"""The file of quota windows."""

import stat
from pathlib import Path

import pytest

from adapter.quota.memory.window_file import WindowFile, WindowRow, WindowsFound, encode_rows
from adapter.runtime.clock import WallTime

NOW = WallTime(1_700_000_000.0)
ROWS = {
    bytes([n]) * 16: WindowRow(bytes([n]) * 16, 1_700_000_000_000 + n, 2**53 + n) for n in range(3)
}
CONTENT = encode_rows(ROWS.values())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is, or will be."""
    return tmp_path / "quotas" / "windows"


def test_what_was_written_is_read(path: Path) -> None:
    """All of it, exactly."""
    WindowFile(path, b"secret", 3).write(CONTENT)
    assert WindowFile(path, b"secret", 3).read(NOW) == WindowsFound(ROWS)


def test_without_a_file_there_is_nothing_and_no_alarm(path: Path) -> None:
    """The first start is a good one."""
    assert WindowFile(path, b"", 3).read(NOW) == WindowsFound({})


def test_the_file_is_for_its_owner_alone_and_leaves_nothing_beside_it(path: Path) -> None:
    """Nobody else reads or adds to it."""
    WindowFile(path, b"", 3).write(CONTENT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("cut", [1, 33, len(CONTENT) + 31])
def test_a_damaged_file_is_set_aside(path: Path, cut: int) -> None:
    """Cut off anywhere: an alarm, and the next write finds a free place."""
    file = WindowFile(path, b"", 3)
    file.write(CONTENT)
    path.write_bytes(path.read_bytes()[:-cut])
    found = file.read(NOW)
    assert not found.rows
    assert "windows.rejected-1700000000" in (found.alarm or "")
    assert [p.name for p in path.parent.iterdir()] == ["windows.rejected-1700000000"]


@pytest.mark.parametrize("position", [0, 40, -1])
def test_a_changed_byte_is_noticed(path: Path, position: int) -> None:
    """Wherever it is."""
    file = WindowFile(path, b"", 3)
    file.write(CONTENT)
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    assert file.read(NOW).alarm


def test_a_file_of_another_secret_is_foreign(path: Path) -> None:
    """Its names would mean nothing here."""
    WindowFile(path, b"one", 3).write(CONTENT)
    assert "another secret" in (WindowFile(path, b"two", 3).read(NOW).alarm or "")


def test_a_file_larger_than_the_setting_is_not_read(path: Path) -> None:
    """Memory is bounded at the start, too."""
    WindowFile(path, b"", 3).write(CONTENT)
    assert "quota.max_windows" in (WindowFile(path, b"", 2).read(NOW).alarm or "")


def test_a_place_that_cannot_be_read_is_an_alarm(path: Path) -> None:
    """Not a crash."""
    path.mkdir(parents=True)
    assert "cannot be" in (WindowFile(path, b"", 3).read(NOW).alarm or "")


def test_a_failed_write_keeps_the_file_and_leaves_no_litter(path: Path) -> None:
    """At once or not at all."""
    path.parent.mkdir()
    path.mkdir()
    (path / "in the way").touch()
    with pytest.raises(OSError, match="windows"):
        WindowFile(path, b"", 3).write(CONTENT)
    assert list(path.parent.iterdir()) == [path]
