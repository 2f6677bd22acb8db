"""The address that `serve` listens on."""

import socket
from typing import Final

from control_plane.errors import ControlPlaneError

_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here
"""Addresses that stand for all of a machine, and the one that its own clients can use instead."""


def listening_socket(listen: str) -> socket.socket:
    """A bound socket that accepts connections; raise ControlPlaneError for a bad address."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise ControlPlaneError(f"--listen {listen}: must be HOST:PORT, such as 127.0.0.1:8085")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family, backlog=128)
    except OSError as error:
        raise ControlPlaneError(f"--listen {listen}: {_words(error)}") from error


def _words(error: OSError) -> str:
    """What the system says, without the address that Python adds."""
    return (error.strerror or str(error)).partition(" (while ")[0]


def base_url(bound: socket.socket, *, for_clients: bool = False) -> str:
    """The URL of the socket's address; `for_clients`: one that programs on this machine can use."""
    host, port = bound.getsockname()[:2]
    if for_clients:
        host = _EVERY_ADDRESS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
