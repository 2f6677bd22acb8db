# mypyc: compiled
"""Envoy's TLS peer: what its handshake says about the client.

Both readers of Checks keep it as bytes, which are parsed when a policy asks for them.
"""

from typing import Final

from google.protobuf.message import DecodeError

from adapter.messages.check_pb2 import Peer

_NOBODY: Final = Peer()
PRINCIPAL: Final = b"\x22"
"""The tag of `principal`. A peer without this octet has none, and need not be parsed."""


def peer(octets: bytes) -> Peer:
    """Parse the message. It has no principal and no certificate if the bytes do not parse."""
    try:
        return Peer.FromString(octets)
    except DecodeError:
        return _NOBODY
