"""A lock that says that a file or directory belongs to this process (flock(2)).

The system releases it when the process ends, however it ends. The lock is on a file of its own,
which names the process that holds it:

    lock = FileLock(Path("/state/.lock"))
    lock.acquire()   # raises FileInUseError: "process 4711 on web-1"
    lock.release()   # removes the file
"""

import errno
import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

_UNSUPPORTED: Final = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})
"""Some network file systems have no locks. The files there are used without one."""
_LONGEST_HOLDER: Final = 300


class FileInUseError(Exception):
    """Another process holds the lock; the message names it as far as it is known."""


class FileLock:
    """A lock file. It is held from `acquire` to `release`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, or raise FileInUseError. Raises OSError if the file cannot be made."""
        while self._descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._lock(descriptor)
                if self._is_in_place(descriptor):
                    self._descriptor = descriptor
            finally:
                # Its last holder may have removed the file meanwhile: then it locks nothing.
                if self._descriptor is None:
                    os.close(descriptor)
        # The lock counts, and the name is only for a message: a full disk has no room for it.
        with suppress(OSError):
            os.truncate(self._descriptor, 0)
            os.write(self._descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._descriptor is not None:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._descriptor)
            self._descriptor = None

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, _LONGEST_HOLDER).decode(errors="replace")
            raise FileInUseError(holder or "another process") from None
        except OSError as e:
            if e.errno not in _UNSUPPORTED:
                raise

    def _is_in_place(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False
