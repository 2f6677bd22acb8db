"""A listening socket at an address (see `adapter.transport.addresses`)."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapter.errors import ConfigurationError
from adapter.runtime.system_errors import system_words
from adapter.transport.acceptor import AcceptFailures, Acceptor
from adapter.transport.addresses import LAST_PORT, locked_socket, owned_socket, socket_path

_ABSTRACT = "unix-abstract:"
_BACKLOG = 1024


class Listener:
    """Listens from its creation on. Raises ConfigurationError if it cannot bind the address."""

    def __init__(self, address: str, mode: int = 0o600, group: str | None = None) -> None:
        self._path = socket_path(address)
        self._file: os.stat_result | None = None
        self._acceptor: Acceptor | None = None
        self.address = address
        """The bound address. For port 0, it has the port that the system chose."""
        self._lock = locked_socket(self._path) if self._path else None
        try:
            self._socket = self._open(mode, group)
        except BaseException as e:
            self._unlock()
            if not isinstance(e, OSError | ValueError):
                raise
            raise ConfigurationError(f"cannot listen on {address!r}: {system_words(e)}") from e

    def accept(self, take: Callable[[socket.socket], None], failures: AcceptFailures) -> None:
        """Start accepting, and pass each connection to `take`."""
        self._acceptor = Acceptor(
            self._socket, take, lambda error: failures.add(self.address, error)
        )

    def close(self) -> None:
        """Stop listening. Removes the socket file, unless another process has replaced it."""
        if self._acceptor is not None:
            self._acceptor.stop()
            self._acceptor = None
        self._socket.close()
        if self._path and self._is_ours(self._path):
            self._path.unlink()
        self._file = None
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _is_ours(self, path: Path) -> bool:
        return (
            self._file is not None and path.exists() and os.path.samestat(self._file, path.stat())
        )

    def _open(self, mode: int, group: str | None) -> socket.socket:
        if self._path:
            with owned_socket(self._path, mode, group):
                self._path.unlink(missing_ok=True)  # it is stale: `owned_socket` has checked it
                listening = _listen(socket.AF_UNIX, str(self._path))
            self._file = self._path.stat()
            return listening
        if self.address.startswith(_ABSTRACT):
            return _listen(socket.AF_UNIX, "\0" + self.address.removeprefix(_ABSTRACT))
        host, _, port = self.address.rpartition(":")
        if int(port) > LAST_PORT:  # getaddrinfo would use the port modulo 65536
            raise ValueError(f"the port is greater than {LAST_PORT}")
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
