"""HTTP/2 on one connection (RFC 9113): takes frames apart and keeps the connection's own state.

The hot loop is `_take_frames`. One read from the socket brings the frames of many calls; each is
answered where its DATA frame is found, and all answers are written at once after the last.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from adapter.transport.failures import FailureReport
from adapter.transport.http2 import frames
from adapter.transport.http2.calls import CallReader, MalformedRequest, Route
from adapter.transport.http2.frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    MAX_STREAM_ID,
    ConnectionFault,
    ErrorCode,
    StreamFault,
)
from adapter.transport.http2.grpc_messages import PREFIX
from adapter.transport.http2.hpack_blocks import BlockDecoder
from adapter.transport.http2.huffman import HuffmanDecoder
from adapter.transport.http2.limits import Counters, Limits
from adapter.transport.http2.outbox import Outbox
from adapter.transport.http2.streams import Streams

_GREETING_SIZE: Final = len(frames.PREFACE) + frames.HEAD_SIZE
_LARGEST_NUMBER: Final = frames.DEFAULT_FRAME_SIZE << 8 | 0xFF
"""What the first number of the largest frame's head says."""
_DRAIN_PING: Final = b"draining"
_OF_A_STREAM: Final = frozenset((frames.PRIORITY, frames.RST_STREAM, frames.PUSH_PROMISE))
_OF_THE_CONNECTION: Final = frozenset(
    (frames.SETTINGS, frames.PING, frames.GOAWAY, frames.PUSH_PROMISE)
)
"""A client sends PUSH_PROMISE nowhere (8.4)."""
_FLOODS: Final = {frames.PING: "ping_flood", frames.SETTINGS: "settings_flood"}


@dataclass(slots=True)
class _UnfinishedBlock:
    """A field block whose CONTINUATION has to come (6.10)."""

    stream_id: int
    flags: int
    octets: bytes
    continuations: int = 0


class Connection(asyncio.Protocol):
    """One client's connection. The server sweeps it now and then, and drains it in the end."""

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
        self.closed = asyncio.get_running_loop().create_future()
        """Done when the connection is gone."""
        self._rest = b""
        """Octets of a frame that is not whole yet."""
        self._greeted = False
        self._last_id = 0
        """The client's newest stream."""
        self._block: _UnfinishedBlock | None = None
        """A field block whose CONTINUATION is to come."""
        self._unreturned = 0
        """Octets of DATA frames that no WINDOW_UPDATE has returned."""
        self._draining = False
        self._refusing = False
        self._closing = False
        self._paused = False
        self._control_frames = 0
        self._resets = 0
        self._pauses = 0
        self._idle_sweeps = 0
        self._swept_id = 0
        """`_last_id` at the last sweep."""
        self._stuck: set[tuple[str, int, int]] = set()
        """What waited for the client at the last sweep."""

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say what we take; a connection too many, or one for another protocol, is closed."""
        self._transport = cast("asyncio.Transport", transport)
        self._outbox = Outbox(self._transport)
        self._streams = Streams(
            self._outbox, self._limits, self._counters, self._failures, self._close_when_done
        )
        tls = transport.get_extra_info("ssl_object")
        if len(self._open_connections) >= self._limits.max_connections:
            self._abort("connections")
        elif tls is not None and tls.selected_alpn_protocol() != "h2":
            self._abort("no_http2")
        else:
            self._open_connections.add(self)
            self._greet()

    def _greet(self) -> None:
        limits = self._limits
        settings = {
            frames.MAX_CONCURRENT_STREAMS: limits.max_streams,
            frames.INITIAL_WINDOW_SIZE: limits.stream_window,
            frames.MAX_HEADER_LIST_SIZE: limits.max_header_list_bytes,
        }
        self._outbox.write(frames.settings(settings))
        increment = limits.connection_window - frames.DEFAULT_WINDOW
        self._outbox.write(frames.window_update(0, increment))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Everything under way is over."""
        self._closing = True
        self._open_connections.discard(self)
        self.closed.set_result(None)
        self._streams.drop_all()

    def pause_writing(self) -> None:
        """The client does not read: then we don't either, and nothing piles up here."""
        self._paused = True
        self._pauses += 1
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        self._paused = False
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Take all whole frames, then write all that they brought about."""
        if self._closing:
            return
        self._outbox.hold()
        octets = self._rest + data if self._rest else data
        try:
            taken = self._take_frames(octets) if self._greeted else self._take_greeting(octets)
            self._rest = octets[taken:]
            if 2 * self._unreturned >= self._limits.connection_window:
                self._return_window()
        except ConnectionFault as fault:
            self._abandon(fault)
        self._outbox.flush()
        if self._draining:
            self._close_when_done()

    # Frames

    def _take_greeting(self, octets: bytes) -> int:
        """The client's preface, then its SETTINGS (3.4); tells how much was taken."""
        if not frames.PREFACE.startswith(octets[: len(frames.PREFACE)]):
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "this is not HTTP/2", "no_http2")
        if len(octets) < _GREETING_SIZE:
            return 0
        if octets[len(frames.PREFACE) + 3] != frames.SETTINGS:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "SETTINGS has to come first")
        self._greeted = True
        taken = len(frames.PREFACE)
        return taken + self._take_frames(octets[taken:])

    def _take_frames(self, octets: bytes) -> int:
        """Take all whole frames; tells how many octets they had."""
        streams, waiting = self._streams, self._streams.waiting
        unpack_head, unpack_prefix = frames.HEAD.unpack_from, PREFIX.unpack_from
        largest_message = self._limits.max_message_bytes
        position, end = 0, len(octets)
        while end - position >= 9:
            number, flags, stream_id = unpack_head(octets, position)
            if number > _LARGEST_NUMBER:
                raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "a frame is too large")
            start = position + 9
            stop = start + (number >> 8)
            if stop > end:
                break
            position = stop
            kind = number & 0xFF
            if self._block is not None and kind != frames.CONTINUATION:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "CONTINUATION has to follow")
            # An ordinary call's whole message; whatever is special about a frame goes below.
            if kind == DATA and flags == END_STREAM and stream_id in waiting:
                call, size = waiting[stream_id], stop - start
                if size >= 5 and call.content_length in {-1, size}:
                    compressed, length = unpack_prefix(octets, start)
                    if length == size - 5 <= largest_message and not compressed:
                        del waiting[stream_id]
                        self._unreturned += size
                        streams.answer(stream_id, call, octets[start + 5 : stop])
                        continue
            try:
                self._take(kind, flags, stream_id & MAX_STREAM_ID, octets[start:stop])
            except StreamFault as fault:
                self._cut(fault)
        return position

    def _take(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        if kind == HEADERS:
            self._take_headers(flags, stream_id, payload)
        elif kind == DATA:
            self._take_data(flags, stream_id, payload)
        elif kind == frames.CONTINUATION:
            self._take_continuation(flags, stream_id, payload)
        else:
            self._count_control(kind)
            if stream_id:
                self._take_stream_frame(kind, stream_id, payload)
            else:
                self._take_connection_frame(kind, flags, payload)

    def _take_headers(self, flags: int, stream_id: int, payload: bytes) -> None:
        if stream_id % 2 == 0:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a client's streams have odd numbers")
        if flags & frames.PADDED:
            payload = frames.unpadded(payload)
        if flags & frames.PRIORITIZED:
            frames.check_priority(payload[:5], stream_id)
            payload = payload[5:]
        if flags & END_HEADERS:
            self._take_block(stream_id, flags, payload)
        else:
            self._block = _UnfinishedBlock(stream_id, flags, payload)

    def _take_continuation(self, flags: int, stream_id: int, payload: bytes) -> None:
        block = self._block
        if block is None or stream_id != block.stream_id:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "CONTINUATION of nothing")
        block.octets += payload
        block.continuations += 1
        if (
            len(block.octets) > self._limits.max_block_bytes
            or block.continuations > self._limits.max_continuations
        ):
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "endless fields", "field_block")
        if flags & END_HEADERS:
            self._block = None
            self._take_block(stream_id, block.flags, block.octets)

    def _take_block(self, stream_id: int, flags: int, block: bytes) -> None:
        ended = bool(flags & END_STREAM)
        try:
            if stream_id > self._last_id:
                self._last_id = stream_id
                self._control_frames = 0
                call = self._calls.read(block)
                if self._refusing:
                    self._streams.ignore(stream_id)
                else:
                    self._streams.begin(stream_id, call, ended=ended)
            else:
                trailers = self._calls.read_trailers(block)
                self._streams.end(stream_id, wellformed=trailers and ended)
        except MalformedRequest as e:
            raise StreamFault(stream_id, ErrorCode.PROTOCOL_ERROR) from e

    def _take_data(self, flags: int, stream_id: int, payload: bytes) -> None:
        self._require_known(stream_id)
        size = len(payload)
        self._unreturned += size
        if self._unreturned > self._limits.connection_window:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "more DATA than the window allows")
        if flags & frames.PADDED:
            payload = frames.unpadded(payload)
        if not payload and not flags & END_STREAM:
            self._count_control(DATA)
        self._streams.take(stream_id, payload, size, ended=bool(flags & END_STREAM))

    def _take_stream_frame(self, kind: int, stream_id: int, payload: bytes) -> None:
        if kind == frames.WINDOW_UPDATE:
            self._require_known(stream_id)
            self._streams.widen(stream_id, frames.read_increment(payload, stream_id))
        elif kind == frames.RST_STREAM:
            self._require_known(stream_id)
            frames.require_size(payload, 4)
            self._resets += self._streams.reset(stream_id)
            if self._resets > self._limits.max_resets:
                raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many resets", "reset_flood")
        elif kind == frames.PRIORITY:
            frames.check_priority(payload, stream_id)
        else:
            frames.require(kind not in _OF_THE_CONNECTION, "that frame belongs to no stream")

    def _take_connection_frame(self, kind: int, flags: int, payload: bytes) -> None:
        if kind == frames.WINDOW_UPDATE:
            self._streams.widen(0, frames.read_increment(payload, 0))
        elif kind == frames.SETTINGS:
            self._take_settings(flags, payload)
        elif kind == frames.PING:
            frames.require_size(payload, 8)
            if not flags & frames.ACK:
                self._outbox.write(frames.frame(frames.PING, frames.ACK, 0, payload))
            elif payload == _DRAIN_PING and self._draining:
                self._refuse_new()
        else:
            frames.require(kind not in _OF_A_STREAM, "that frame belongs to a stream")

    def _take_settings(self, flags: int, payload: bytes) -> None:
        if flags & frames.ACK:
            frames.require_size(payload, 0)
            return
        values = tuple(frames.read_settings(payload))
        # The client may count on them from the ACK on, so what they let us send comes after it.
        self._outbox.write(frames.frame(frames.SETTINGS, frames.ACK, 0))
        for name, value in values:
            if name == frames.INITIAL_WINDOW_SIZE:
                self._streams.set_initial_window(value)
            elif name == frames.MAX_FRAME_SIZE:
                self._outbox.set_frame_size(value)
            elif name == frames.HEADER_TABLE_SIZE:
                self._outbox.set_table_size(value)

    def _require_known(self, stream_id: int) -> None:
        frames.require(0 < stream_id <= self._last_id, "a frame for a stream that is not open")

    def _count_control(self, kind: int) -> None:
        self._control_frames += 1
        if self._control_frames > self._limits.max_control_frames:
            raise ConnectionFault(
                ErrorCode.ENHANCE_YOUR_CALM,
                "too many frames that carry no call",
                _FLOODS.get(kind, "control_flood"),
            )

    def _return_window(self) -> None:
        due = self._unreturned - self._streams.held_bytes
        if due > 0:
            self._unreturned -= due
            self._outbox.write(frames.window_update(0, due))

    # The end

    def sweep(self) -> None:
        """End what has been waiting for the client since the sweep before; count it."""
        stuck = self._streams.stuck()
        if not self._greeted:
            stuck.add(("slow_preface", 0, 0))
        if self._paused or self._closing:
            stuck.add(("slow_reader", 0, self._pauses))
        for kind, stream_id, _ in stuck & self._stuck:
            if not stream_id:
                self._abort(kind)
                return
            self._counters[kind] += 1
            self._streams.cut(stream_id, ErrorCode.CANCEL)
        self._stuck = stuck
        self._control_frames = self._resets = 0
        if self._draining and not self._closing:
            self._refuse_new()
        self._count_idleness()

    def drain(self) -> None:
        """Leave without losing a call: announce it, end endless streams, take no new ones (6.8).

        What the client had sent before it knew comes before its answer to our PING.
        """
        if self._draining or self._closing:
            return
        self._draining = True
        self._outbox.write(frames.goaway(MAX_STREAM_ID, ErrorCode.NO_ERROR, "draining"))
        self._outbox.write(frames.frame(frames.PING, 0, 0, _DRAIN_PING))
        self._streams.end_streams()

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self._transport.abort()

    def _refuse_new(self) -> None:
        if not self._refusing:
            self._refusing = True
            self._outbox.write(frames.goaway(self._last_id, ErrorCode.NO_ERROR))
        self._close_when_done()

    def _close_when_done(self) -> None:
        if self._refusing and not self._closing and not len(self._streams):
            self._close()

    def _count_idleness(self) -> None:
        busy = len(self._streams) or self._last_id != self._swept_id
        self._swept_id = self._last_id
        self._idle_sweeps = 0 if busy else self._idle_sweeps + 1
        if self._idle_sweeps == self._limits.idle_sweeps:
            self._counters["idle"] += 1
            self.drain()

    def _cut(self, fault: StreamFault) -> None:
        self._counters["stream_error"] += 1
        self._streams.cut(fault.stream_id, fault.code)
        self._count_control(frames.RST_STREAM)

    def _abandon(self, fault: ConnectionFault) -> None:
        self._counters[fault.kind] += 1
        self._outbox.write(frames.goaway(self._last_id, fault.code, str(fault)))
        self._streams.drop_all()
        self._close()

    def _abort(self, kind: str) -> None:
        self._counters[kind] += 1
        self._closing = True
        self._transport.abort()

    def _close(self) -> None:
        self._closing = True
        self._rest = b""
        self._outbox.flush()
        self._transport.close()
