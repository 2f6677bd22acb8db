"""HTTP/2 on one connection (RFC 9113): takes frames apart and keeps the connection's own state.

The hot loop is `_take_frames`. One read from the socket brings the frames of many calls; each is
answered where its DATA frame is found, and all answers are written at once after the last.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, cast

from adapter.transport.failures import FailureReport
from adapter.transport.http2 import frames
from adapter.transport.http2.calls import CallReader, MalformedRequest, Route
from adapter.transport.http2.frames import ConnectionFault, ErrorCode, StreamFault
from adapter.transport.http2.grpc_messages import PREFIX, PREFIX_SIZE
from adapter.transport.http2.hpack_blocks import BlockDecoder
from adapter.transport.http2.huffman import HuffmanDecoder
from adapter.transport.http2.limits import Counters, Limits
from adapter.transport.http2.outbox import Outbox
from adapter.transport.http2.streams import Streams

_GREETING_SIZE: Final = len(frames.PREFACE) + frames.HEAD_SIZE
_LARGEST_NUMBER: Final = frames.DEFAULT_FRAME_SIZE << 8 | 0xFF
_DRAIN_PING: Final = b"draining"
_FLOODS: Final = {frames.PING: "ping_flood", frames.SETTINGS: "settings_flood"}


class Connection(asyncio.Protocol):
    """One client. The server makes it, sweeps it now and then, and drains it."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        limits: Limits,
        huffman: HuffmanDecoder,
        failures: FailureReport,
        counters: Counters,
        open_connections: set["Connection"],
    ) -> None:
        self._calls = CallReader(BlockDecoder(huffman), routes, limits.max_header_list_bytes)
        self._limits = limits
        self._failures = failures
        self._counters = counters
        self._open_connections = open_connections
        self._rest = b""
        """Octets of a frame that is not whole yet."""
        self._greeted = False
        self._last_id = 0
        """The client's newest stream."""
        self._block: tuple[int, int, bytearray] | None = None
        """The stream, flags and octets of a field block whose CONTINUATION is to come."""
        self._continuations = 0
        self._unreturned = 0
        """Octets of DATA frames that no WINDOW_UPDATE has returned."""
        self._pauses = 0
        self._paused = False
        self._closing = False
        self._refusing_after: int | None = None
        """The last stream that we said we take, once we have (6.8)."""
        self._control_frames = 0
        self._resets = 0
        self._calls_seen = 0
        self._idle_sweeps = 0
        self._stuck: set[tuple[str, int, int]] = set()
