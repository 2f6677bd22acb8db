"""The limits for one peer, and the counters of their violations."""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from adapter.transport.http2.frames import DEFAULT_WINDOW

REFUSALS: Final = (
    "unauthenticated",  # a call without the token
    "stream_unauthenticated",  # the same for a client stream: Envoy's access log
    "unknown_method",  # a call to a method that no service has
    "not_grpc",  # a request over HTTP/2 that is no gRPC call
    "http1",  # HTTP/1 in place of HTTP/2
    "no_http2",  # another protocol
    "no_alpn",  # TLS without ALPN `h2`
    "unexpected_tls",  # TLS at a port without TLS
    "no_tls",  # no TLS at a port with TLS
    "tls_certificate_missing",  # a client without a certificate, where one is needed
    "tls_certificate_not_trusted",  # a client's certificate that our CAs did not sign
    "tls_our_certificate_refused",  # a client that does not accept our certificate
    "tls_mismatch",  # a TLS handshake that failed for another reason, such as its version
)
"""Kinds of clients that do not get in because of how they or we are configured."""
KINDS: Final = (
    "connections",  # more than max_connections; the oldest stranger is closed, or the new one
    "descriptors",  # no file descriptor was left for a connection; closed at once
    "tls_handshake",  # a TLS handshake that the client broke off, or that took too long
    *REFUSALS,
    "slow_preface",  # a connection that sends nothing
    "no_call",  # a connection without an accepted call; closed gracefully
    "idle",  # a connection without calls; closed gracefully
    "streams",  # more calls at once than max_streams; refused, may be retried
    "header_list",  # header fields beyond max_header_list_bytes, including bombs
    "field_block",  # a field block beyond max_block_bytes or max_continuations
    "message_size",  # a message beyond max_message_bytes
    "held_bytes",  # a message that would exceed max_held_bytes over all connections
    "slow_body",  # a message that the client does not finish
    "zero_window",  # answers for which the peer gives no window
    "slow_reader",  # a peer that does not read what we send
    "reset_flood",  # more cancelled calls than max_resets (CVE-2023-44487)
    "ping_flood",  # more than max_control_frames, the last of them a PING
    "settings_flood",  # the same with SETTINGS, or more than max_settings
    "control_flood",  # the same with another frame without a call
    "protocol_error",  # a connection that violated HTTP/2's rules
    "stream_error",  # a stream that violated them
)

_STRANGERS_MESSAGE: Final = 4096
"""Bytes of a message. A health check has less than a hundred."""
_STRANGERS_STREAMS: Final = 16
_STRANGERS_FRAMES: Final = 100

Counters: TypeAlias = dict[str, int]
"""How often each of `KINDS` happened."""


def no_counts() -> Counters:
    """Counters at zero."""
    return dict.fromkeys(KINDS, 0)


class HeldOctets:
    """Bytes of incomplete or unanswered messages that all connections keep together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.octets = 0

    @property
    def too_many(self) -> bool:
        """Whether it exceeds the limit."""
        return self.octets > self._most


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for a peer. The defaults are enough for a busy Envoy.

    Only TLS handshakes have their own timer. The server sweeps its connections every `sweep_s`
    seconds. Anything that was already waiting at the previous sweep has timed out. So timeouts are
    between one and two times `sweep_s`.
    """

    max_message_bytes: int = 4 * 1024 * 1024
    max_held_bytes: int = 128 * 1024 * 1024
    """Of incomplete or unanswered messages, on all connections together."""
    max_connections: int = 1024
    max_streams: int = 4096
    """Concurrent calls on one connection. If it is low, Envoy's circuit breaker overflows."""
    max_header_list_bytes: int = 16 * 1024
    """Of one request, as HPACK counts it."""
    max_block_bytes: int = 32 * 1024
    """Of one encoded field block, HEADERS and CONTINUATION together."""
    max_continuations: int = 16
    max_resets: int = 10_000
    """Unanswered calls that a client may cancel between two sweeps."""
    max_control_frames: int = 1_000
    """Frames without a call, between two calls or two sweeps."""
    max_settings: int = 100
    """SETTINGS frames between two sweeps."""
    handshake_s: float = 10.0
    """For a TLS handshake."""
    sweep_s: float = 10.0
    idle_sweeps: int = 90
    """A connection is closed gracefully after this many sweeps without a call."""
    crowded_idle_sweeps: int = 6
    """The same, while more than half of `max_connections` are open."""

    def for_strangers(self) -> "Limits":
        """The small limits for a client without an accepted call."""
        return replace(
            self,
            max_message_bytes=min(self.max_message_bytes, _STRANGERS_MESSAGE),
            max_streams=min(self.max_streams, _STRANGERS_STREAMS),
            max_resets=min(self.max_resets, _STRANGERS_FRAMES),
            max_control_frames=min(self.max_control_frames, _STRANGERS_FRAMES),
        )

    @property
    def connection_window(self) -> int:
        """Bytes that a client may send in all streams together: two of the largest messages."""
        return 2 * max(DEFAULT_WINDOW, self.max_message_bytes + 5)
