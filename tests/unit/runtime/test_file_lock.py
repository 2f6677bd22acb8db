"""Locks of files that belong to one process; tests/e2e has the processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapter.runtime.file_lock import FileInUseError, FileLock

_HOLD = """
import sys
from pathlib import Path
from adapter.runtime.file_lock import FileLock
FileLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    """The second holder reads who is the first; after a release it is free, and leaves no file."""
    path = tmp_path / ".lock"
    first, second = FileLock(path), FileLock(path)
    first.acquire()
    with pytest.raises(FileInUseError, match=rf"^process {os.getpid()} on "):
        second.acquire()
    first.release()
    assert not path.exists()
    second.acquire()
    second.release()
    second.release()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    """The system gives its locks back, and its file is used again."""
    path = tmp_path / ".lock"
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(FileInUseError, match=rf"^process {process.pid} on "):
            FileLock(path).acquire()
        process.kill()
    lock = FileLock(path)
    lock.acquire()
    lock.release()


def test_a_directory_that_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    """The caller knows which setting names it."""
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "missing" / ".lock").acquire()


def test_a_full_disk_does_not_prevent_a_lock(tmp_path: Path) -> None:
    """The lock file is then empty, and its holder has no name."""
    path = tmp_path / ".lock"
    limited = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n{_HOLD}"
    command = [sys.executable, "-c", limited, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(FileInUseError, match=r"^another process$"):
            FileLock(path).acquire()
        process.kill()
