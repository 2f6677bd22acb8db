"""Addresses of listeners: `host:port`, `unix:/path` or `unix-abstract:name`."""

import grp
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from adapter.errors import ConfigurationError
from adapter.runtime.file_lock import FileInUseError, FileLock
from adapter.runtime.system_errors import system_words

LAST_PORT: Final = 65_535
_UNIX = "unix:"
_ABSTRACT = "unix-abstract:"


def is_tcp(address: str) -> bool:
    """Whether the address has a port."""
    return not address.startswith((_UNIX, _ABSTRACT))


def socket_path(address: str) -> Path | None:
    """The file of a Unix socket's address; None for other addresses."""
    return Path(address.removeprefix(_UNIX)) if address.startswith(_UNIX) else None


def group_id(group: str) -> int:
    """The number of a group that is given by name or number; raises ConfigurationError."""
    if group.isdecimal():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise ConfigurationError(
            f"listener.socket_group: this machine has no group {group!r}; create it, or name "
            "another one"
        ) from None


@contextmanager
def owned_socket(path: Path, mode: int, group: str | None) -> Iterator[None]:
    """A context for binding a Unix socket: private at first, then with its mode and group.

    Raises ConfigurationError if the path cannot be used. A stale socket file is replaced. A socket
    that another program serves is an error, because binding would silently take its path.
    """
    _require_free(path)
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)
    try:
        if group is not None:
            os.chown(path, -1, group_id(group))
        path.chmod(mode)
    except OSError as e:
        raise ConfigurationError(f"{path}: cannot set mode or group: {e.strerror}") from e


def locked_socket(path: Path) -> FileLock:
    """Lock a Unix socket's path for this process; release the lock after the socket is gone.

    Raises ConfigurationError if another process has the lock, or the directory cannot be used.
    """
    if not os.path.isdir(path.parent):
        raise ConfigurationError(f"{path}: its directory does not exist; create it first")
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire()
    except FileInUseError as e:
        raise ConfigurationError(
            f"{path}: {e} uses this socket; give each process its own path"
        ) from None
    except OSError as e:
        raise ConfigurationError(f"{path}: cannot listen there: {system_words(e)}") from None
    return lock


def _require_free(path: Path) -> None:
    if not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise ConfigurationError(f"{path}: exists and is not a socket; choose another path")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return
        except OSError as e:
            raise ConfigurationError(f"{path}: cannot be taken over: {system_words(e)}") from e
    raise ConfigurationError(
        f"{path}: another process uses this socket; give each process its own path"
    )
