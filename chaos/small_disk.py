"""A small disk for the files of one adapter, which can be filled."""

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_MEGABYTES: Final = 64
_INFINITE: Final = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
_NO_BYTE: Final = (0, resource.RLIM_INFINITY)
_FLAG: Final = "CHAOS_HAS_OWN_MOUNTS"


def enter_own_mounts() -> None:
    """Replace this process by one that may mount, and whose mounts end with it, where possible.

    Linux gives a user who is not root such a view in a user namespace. Where it is forbidden, as in
    some containers, nothing is mounted, and a limit of the size of files stands for a full disk.
    """
    if _FLAG in os.environ:
        return
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    unshare = ("unshare", *user, "--mount")
    os.environ[_FLAG] = "yes" if _works([*unshare, "true"]) else "no"
    if os.environ[_FLAG] == "yes":
        command = [*unshare, sys.executable, "-m", "chaos", *sys.argv[1:]]
        os.execvp("unshare", command)  # noqa: S606 - our own command, without a shell


def can_mount() -> bool:
    """Whether disks are mounted here."""
    return os.environ.get(_FLAG) == "yes"


class SmallDisk:
    """A tmpfs at a directory, where this process may mount."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._filler = directory / "filler"

    def mount(self) -> None:
        """Mount it."""
        if can_mount():
            options = ("-o", f"size={_MEGABYTES}m,mode=0700")
            place = str(self._directory)
            subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", place], check=True)

    def unmount(self) -> None:
        """Unmount it, even if it is in use."""
        if can_mount():
            _works(["umount", "--lazy", str(self._directory)])

    def fill(self, pids: Sequence[int]) -> None:
        """Leave no byte for these processes."""
        if not can_mount():
            _limit(pids, _NO_BYTE)
            return
        with suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def empty(self, pids: Sequence[int]) -> None:
        """Give the space back."""
        if can_mount():
            self._filler.unlink(missing_ok=True)
        else:
            _limit(pids, _INFINITE)


def _limit(pids: Sequence[int], limits: tuple[int, int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def _works(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
