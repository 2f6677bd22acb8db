"""The address of a client, for people."""

import socket


def peer_name(accepted: socket.socket) -> str:
    """The address of an accepted connection's client."""
    try:
        return peer_text(accepted.getpeername())
    except OSError:
        return "a client that is gone"


def peer_text(address: object) -> str:
    """An address as the socket module gives it: `10.0.0.7:41234`, `[2001:db8::1]:41234`."""
    if not isinstance(address, tuple):
        return "a Unix socket"
    host, port, *_ = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
