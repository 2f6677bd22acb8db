"""What one peer may ask of us, and the count of those that asked for more."""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from adapter.transport.http2.frames import DEFAULT_WINDOW

KINDS: Final = (
    "connections",  # more than max_connections; the oldest stranger is closed, or else the new one
    "descriptors",  # a connection that the system had no file descriptor for; closed at once
    "tls_handshake",  # a TLS handshake that failed, or took too long
    "no_http2",  # another protocol, by ALPN or by its first octets
    "slow_preface",  # a connection that says nothing
    "no_call",  # a connection that makes no call, or none with the token; closed gracefully
    "unauthenticated",  # a call without the token
    "idle",  # a connection without calls; closed gracefully
    "streams",  # more calls at once than max_streams; refused, may be retried
    "header_list",  # header fields beyond max_header_list_bytes, bombs among them
    "field_block",  # a field block beyond max_block_bytes or max_continuations
    "message_size",  # a message beyond max_message_bytes
    "held_bytes",  # a message that would make all connections hold more than max_held_bytes
    "slow_body",  # a message that does not come to its end
    "zero_window",  # answers that the peer gives no window for
    "slow_reader",  # a connection that does not take what we send
    "reset_flood",  # more calls called off than max_resets (CVE-2023-44487)
    "ping_flood",  # max_control_frames reached by a PING
    "settings_flood",  # the same by SETTINGS
    "control_flood",  # the same by another frame that carries no call
    "protocol_error",  # a connection that broke HTTP/2's rules
    "stream_error",  # a stream that did
)

_STRANGERS_MESSAGE: Final = 4096
"""Octets of a message: a health check has less than a hundred."""
_STRANGERS_STREAMS: Final = 16
_STRANGERS_FRAMES: Final = 100

Counters: TypeAlias = dict[str, int]
"""How often each of `KINDS` happened."""


def no_counts() -> Counters:
    """Counters at zero."""
    return dict.fromkeys(KINDS, 0)


class HeldOctets:
    """What all connections of a server keep of messages that are not whole or not answered."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.octets = 0

    @property
    def too_many(self) -> bool:
        """Whether it is more than it may be."""
        return self.octets > self._most


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for a peer; the defaults leave a busy Envoy room.

    Only a TLS handshake is timed by itself. A server sweeps its connections every `sweep_s`, and
    what was waiting at the sweep before already has waited long enough: between one and two times
    `sweep_s`.
    """

    max_message_bytes: int = 4 * 1024 * 1024
    max_held_bytes: int = 128 * 1024 * 1024
    """Of messages that are not whole or not answered yet, on all connections together."""
    max_connections: int = 1024
    max_streams: int = 4096
    """Calls at once on one connection. Envoy overflows its circuit breaker where this is low."""
    max_header_list_bytes: int = 16 * 1024
    """Of one request, as HPACK counts."""
    max_block_bytes: int = 32 * 1024
    """Of one field block as it comes, HEADERS and CONTINUATION together."""
    max_continuations: int = 16
    max_resets: int = 10_000
    """Calls that a client may call off, unanswered, between two sweeps."""
    max_control_frames: int = 1_000
    """Frames that carry no call, between two calls or two sweeps."""
    max_settings: int = 100
    """SETTINGS frames between two sweeps."""
    handshake_s: float = 10.0
    """For a TLS handshake."""
    sweep_s: float = 10.0
    idle_sweeps: int = 90
    """After so many sweeps without a call a connection is closed, gracefully."""
    crowded_idle_sweeps: int = 6
    """The same while more than half of the connections that there may be are open."""

    def for_strangers(self) -> "Limits":
        """What a client may ask of us before a call of its was accepted: little."""
        return replace(
            self,
            max_message_bytes=min(self.max_message_bytes, _STRANGERS_MESSAGE),
            max_streams=min(self.max_streams, _STRANGERS_STREAMS),
            max_resets=min(self.max_resets, _STRANGERS_FRAMES),
            max_control_frames=min(self.max_control_frames, _STRANGERS_FRAMES),
        )

    @property
    def connection_window(self) -> int:
        """Octets that a client may make us keep, in all streams: two of the largest messages."""
        return 2 * max(DEFAULT_WINDOW, self.max_message_bytes + 5)
