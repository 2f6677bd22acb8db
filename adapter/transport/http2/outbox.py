# mypyc: compiled
"""Sends data on one connection: batches writes, and respects the peer's windows."""

import asyncio
from collections.abc import Iterator
from typing import Protocol

from adapter.transport.http2 import frames
from adapter.transport.http2.frames import ConnectionFault, ErrorCode, StreamFault
from adapter.transport.http2.grpc_messages import (
    FIRST_ANSWER,
    LAST_TABLE_ANSWER,
    NEXT_ANSWER,
    PLAIN_ANSWER,
    PREFIX_SIZE,
    TABLE_GONE,
)


class Sending(Protocol):
    """A stream whose DATA may have to wait for the peer's window."""

    id: int
    window: int
    """Bytes of DATA that the peer still accepts in this stream (RFC 9113, 5.2)."""
    pending: bytearray
    """DATA that waits for the window."""
    ending: bytes | None
    """The block of trailers (empty: none) to send after the pending DATA; None while more DATA
    may follow."""


class Outbox:
    """Collects the output of one turn of the event loop, and writes it at once."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._held = False
        self._answer = FIRST_ANSWER
        self._next_answer = NEXT_ANSWER
        self._window = frames.DEFAULT_WINDOW
        self._frame_size = frames.DEFAULT_FRAME_SIZE
        self._blocked: dict[int, Sending] = {}
        """Streams that wait for the connection's window, the longest waiting first."""
        self.initial_window = frames.DEFAULT_WINDOW
        """The initial window of new streams, set by the peer."""

    def hold(self) -> None:
        """Collect output until `flush`."""
        self._held = True

    def flush(self) -> None:
        """Write the collected output."""
        self._held = False
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()

    def write(self, octets: bytes) -> None:
        """Send complete frames soon."""
        self._parts.append(octets)
        if not self._held:
            self._flush_soon()

    def _flush_soon(self) -> None:
        self._held = True
        self._loop.call_soon(self.flush)

    def headers(self, stream_id: int, block: bytes, *, end_stream: bool = False) -> None:
        """Send a field block of literals."""
        if self._answer is LAST_TABLE_ANSWER:
            block, self._answer = TABLE_GONE + block, PLAIN_ANSWER
        self.write(frames.headers(stream_id, block, end_stream=end_stream))

    def answer(self, stream_id: int, message: bytes) -> bool:
        """Send a complete unary answer on a new stream. Returns False if a window is too small."""
        size = len(message) + PREFIX_SIZE
        if size > self._window or size > self.initial_window or size > self._frame_size:
            return False
        self._window -= size
        self._parts.append(self._answer(stream_id, message))
        if not self._held:
            self._flush_soon()
        self._answer = self._next_answer
        return True

    def push(self, stream: Sending) -> bool:
        """Send as much of the stream's DATA as the windows allow. Returns whether it has ended."""
        while stream.pending:
            size = min(len(stream.pending), self._window, stream.window, self._frame_size)
            if size <= 0:
                if self._window <= 0:
                    self._blocked[stream.id] = stream
                return False
            self._window -= size
            stream.window -= size
            self.write(frames.frame(frames.DATA, 0, stream.id, bytes(stream.pending[:size])))
            del stream.pending[:size]
        self._blocked.pop(stream.id, None)
        if stream.ending is not None:
            self._end(stream.id, stream.ending)
        return stream.ending is not None

    def _end(self, stream_id: int, trailers: bytes) -> None:
        if trailers:
            self.headers(stream_id, trailers, end_stream=True)
        else:
            self.write(frames.frame(frames.DATA, frames.END_STREAM, stream_id))

    def forget(self, stream: Sending) -> None:
        """Drop everything that the stream still had to send."""
        self._blocked.pop(stream.id, None)

    def widen(self, increment: int) -> Iterator[Sending]:
        """Enlarge the connection's window (6.9). Yields the streams that have ended."""
        self._window += increment
        if self._window > frames.MAX_WINDOW:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "the window is too large")
        # Streams that wait for their own window are not included. Otherwise a flood of small
        # updates would visit thousands of streams each time.
        while self._blocked and self._window > 0:
            stream = self._blocked.pop(next(iter(self._blocked)))
            if self.push(stream):
                yield stream

    def widen_stream(self, stream: Sending, increment: int) -> bool:
        """Enlarge one stream's window (6.9). Returns whether the stream has ended."""
        stream.window += increment
        if stream.window > frames.MAX_WINDOW:
            raise StreamFault(stream.id, ErrorCode.FLOW_CONTROL_ERROR)
        return bool(stream.pending) and self.push(stream)

    def set_frame_size(self, size: int) -> None:
        """Set the largest payload that the peer accepts."""
        self._frame_size = size

    def set_table_size(self, size: int) -> None:
        """Set the peer's HPACK table size. We use a table of the default size, or none."""
        if size < frames.DEFAULT_TABLE_SIZE and self._next_answer is not PLAIN_ANSWER:
            self._answer, self._next_answer = LAST_TABLE_ANSWER, PLAIN_ANSWER
