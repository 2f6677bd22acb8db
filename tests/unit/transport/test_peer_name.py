"""How a client's address is written for people."""

import socket

import pytest

from adapter.transport.peer_name import peer_name, peer_text


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (("10.0.0.7", 41234), "10.0.0.7:41234"),
        (("2001:db8::1", 41234, 0, 0), "[2001:db8::1]:41234"),
        ("", "a Unix socket"),
        (None, "a Unix socket"),
    ],
)
def test_addresses(address: object, text: str) -> None:
    """With the port, by which a packet capture finds it."""
    assert peer_text(address) == text


def test_a_client_that_is_gone() -> None:
    """Its address is no longer known."""
    with socket.socket() as unconnected:
        assert peer_name(unconnected) == "a client that is gone"
