# mypyc: compiled
"""What we send on one connection: collected, written at once, within the peer's windows."""

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
    """A stream whose DATA may have to wait for the peer."""

    id: int
    window: int
    """Octets of DATA that the peer still takes in this stream (RFC 9113, 5.2)."""
    pending: bytearray
    """DATA that waits."""
    ending: bytes | None
    """The block of trailers (empty: none) that ends the stream once nothing waits; None while more
    may come."""


class Outbox:
    """Writes once for all that one turn of the event loop brought about."""

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
        """Those that wait for the connection's window; the first has waited longest."""
        self.initial_window = frames.DEFAULT_WINDOW
        """The window that the peer gives each new stream."""

    def hold(self) -> None:
        """Only collect, until `flush`."""
        self._held = True

    def flush(self) -> None:
        """Write what was collected."""
        self._held = False
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()

    def write(self, octets: bytes) -> None:
        """Send whole frames, soon."""
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
        """Send a whole answer on a stream whose window is untouched, if all windows allow it."""
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
        """Send what the windows allow of the stream's DATA; tells whether it has ended."""
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
        """The stream is over, whatever it had to send."""
        self._blocked.pop(stream.id, None)

    def widen(self, increment: int) -> Iterator[Sending]:
        """The peer takes so much more on the connection (6.9); gives the streams that ended so."""
        self._window += increment
        if self._window > frames.MAX_WINDOW:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "the window is too large")
        # A stream that waits for its own window is not among them: a flood of small updates would
        # look at thousands of streams each time.
        while self._blocked and self._window > 0:
            stream = self._blocked.pop(next(iter(self._blocked)))
            if self.push(stream):
                yield stream

    def widen_stream(self, stream: Sending, increment: int) -> bool:
        """The same for one stream (6.9); tells whether it has ended so."""
        stream.window += increment
        if stream.window > frames.MAX_WINDOW:
            raise StreamFault(stream.id, ErrorCode.FLOW_CONTROL_ERROR)
        return bool(stream.pending) and self.push(stream)

    def set_frame_size(self, size: int) -> None:
        """The largest payload that the peer takes."""
        self._frame_size = size

    def set_table_size(self, size: int) -> None:
        """The HPACK table that the peer grants us: we use all of the usual size, or none."""
        if size < frames.DEFAULT_TABLE_SIZE and self._next_answer is not PLAIN_ANSWER:
            self._answer, self._next_answer = LAST_TABLE_ANSWER, PLAIN_ANSWER
