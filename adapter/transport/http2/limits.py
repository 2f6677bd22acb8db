"""What one peer may ask of us, and the count of those that asked for more."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from adapter.transport.http2.frames import DEFAULT_WINDOW

KINDS: Final = (
    "connections",  # more than max_connections; closed at once
    "no_http2",  # another protocol, by ALPN or by its first octets
    "slow_preface",  # a connection that says nothing
    "idle",  # a connection without calls; closed gracefully
    "streams",  # more calls at once than max_streams; refused, may be retried
    "header_list",  # header fields beyond max_header_list_bytes, bombs among them
    "field_block",  # a field block beyond max_block_bytes or max_continuations
    "message_size",  # a message beyond max_message_bytes
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

Counters: TypeAlias = dict[str, int]
"""How often each of `KINDS` happened."""


def no_counts() -> Counters:
    """Counters at zero."""
    return dict.fromkeys(KINDS, 0)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for a peer; the defaults leave a busy Envoy room.

    Nothing is timed by itself. A server sweeps its connections every `sweep_s`, and what was
    waiting at the sweep before already has waited long enough: between one and two times `sweep_s`.
    """

    max_message_bytes: int = 4 * 1024 * 1024
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
    sweep_s: float = 10.0
    idle_sweeps: int = 90
    """After so many sweeps without a call a connection is closed, gracefully."""

    @property
    def connection_window(self) -> int:
        """Octets that a client may make us keep, in all streams: two of the largest messages."""
        return 2 * max(DEFAULT_WINDOW, self.max_message_bytes + 5)
