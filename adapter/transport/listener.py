"""A listening socket for one of the addresses that `adapter.transport.addresses` describes."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapter.errors import ConfigurationError
from adapter.transport.acceptor import AcceptFailures, Acceptor
from adapter.transport.addresses import owned_socket, socket_path

_ABSTRACT = "unix-abstract:"
_BACKLOG = 1024
_LAST_PORT = 65_535


class Listener:
    """Listens from its making on; raises ConfigurationError where the address cannot be had."""

    def __init__(self, address: str, mode: int = 0o600, group: str | None = None) -> None:
        self._path = socket_path(address)
        self._file: os.stat_result | None = None
        self._acceptor: Acceptor | None = None
        self.address = address
        """With the port that the system chose, where it was to choose one."""
        try:
            self._socket = self._open(mode, group)
        except (OSError, ValueError) as e:
            raise ConfigurationError(f"cannot listen on {address!r}: {e}") from e

    def accept(self, take: Callable[[socket.socket], None], failures: AcceptFailures) -> None:
        """Hand over each connection that comes, from now on."""
        self._acceptor = Acceptor(
            self._socket, take, lambda error: failures.add(self.address, error)
        )

    def close(self) -> None:
        """Listen no more; the file goes, unless another process has put its own there meanwhile."""
        if self._acceptor is not None:
            self._acceptor.stop()
            self._acceptor = None
        self._socket.close()
        if self._path and self._is_ours(self._path):
            self._path.unlink()

    def _is_ours(self, path: Path) -> bool:
        return (
            self._file is not None and path.exists() and os.path.samestat(self._file, path.stat())
        )

    def _open(self, mode: int, group: str | None) -> socket.socket:
        if self._path:
            with owned_socket(self._path, mode, group):
                self._path.unlink(missing_ok=True)  # stale, or `owned_socket` would have refused
                listening = _listen(socket.AF_UNIX, str(self._path))
            self._file = self._path.stat()
            return listening
        if self.address.startswith(_ABSTRACT):
            return _listen(socket.AF_UNIX, "\0" + self.address.removeprefix(_ABSTRACT))
        host, _, port = self.address.rpartition(":")
        if int(port) > _LAST_PORT:  # or getaddrinfo takes the rest of a division
            raise ValueError(f"there is no port beyond {_LAST_PORT}")
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        listening = _listen(found[0][0], found[0][4])
        self.address = f"{host}:{listening.getsockname()[1]}"
        return listening


def _listen(family: int, where: Any) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setblocking(False)
    try:
        if family != socket.AF_UNIX:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening
