# mypyc: compiled
"""Reads a client's frames on one connection, and checks HTTP/2's rules (RFC 9113).

The hot loop is `_take_frames`. One read from the socket contains the frames of many calls. Each
call is answered as soon as its DATA frame is read.
"""

import re
from dataclasses import dataclass
from typing import Final

from mypy_extensions import i64

from adapter.transport.http2 import frames
from adapter.transport.http2.calls import Call, CallReader, MalformedRequest
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
from adapter.transport.http2.limits import Counters, Limits
from adapter.transport.http2.outbox import Outbox
from adapter.transport.http2.streams import Streams

_GREETING_SIZE: Final = len(frames.PREFACE) + frames.HEAD_SIZE
_LARGEST_NUMBER: Final = frames.DEFAULT_FRAME_SIZE << 8 | 0xFF
"""The first number in the header of the largest frame."""
_OF_A_STREAM: Final = frozenset((frames.PRIORITY, frames.PUSH_PROMISE))
_OF_THE_CONNECTION: Final = frozenset(
    (frames.SETTINGS, frames.PING, frames.GOAWAY, frames.PUSH_PROMISE)
)
"""PUSH_PROMISE is in both, because clients must not send it (8.4)."""
_TLS_HANDSHAKE: Final = b"\x16\x03"
"""How a TLS client begins (RFC 8446, 5.1)."""
_HTTP1: Final = re.compile(rb"[A-Z]{3,10} ")
"""How a request of HTTP/1 begins."""
_TURN_FRAMES: Final = 256
"""Frames to process before other connections are served. A call usually has two."""
_WORK_OCTETS_LOG2: Final = 8
"""Each 256 bytes of a streamed body count as a frame, because it may have many messages."""
_BLOCK_OCTETS_LOG2: Final = 6
"""Each 64 bytes of a field block count as a frame, because each byte may name a long field."""
_FLOODS: Final = {frames.PING: "ping_flood", frames.SETTINGS: "settings_flood"}


@dataclass(slots=True)
class _UnfinishedBlock:
    """A field block that needs a CONTINUATION frame (6.10)."""

    stream_id: int
    flags: int
    octets: bytes
    continuations: int = 0


class Inbox:
    """Processes received data frame by frame."""

    def __init__(
        self,
        calls: CallReader,
        streams: Streams,
        outbox: Outbox,
        limits: Limits,
        counters: Counters,
    ) -> None:
        self._calls = calls
        self._streams = streams
        self._outbox = outbox
        self._counters = counters
        self._rest = b""
        """Received bytes that are not processed yet."""
        self._left: i64 = 0
        """How many more frames may be processed in this turn."""
        self.behind = False
        """Whether whole frames wait for the next turn."""
        self._block: _UnfinishedBlock | None = None
        self._unreturned = 0
        """Bytes of DATA frames that no WINDOW_UPDATE has returned yet."""
        self.set_limits(limits)
        self._control_frames = 0
        """Frames that carried no call, since the last call or sweep."""
        self._settings = 0
        """SETTINGS since the last sweep. Calls do not reset this count, because SETTINGS affect all
        streams."""
        self._resets = 0
        """Cancelled calls since the last sweep."""
        self.greeted = False
        """Whether the client has sent its preface."""
        self.last_id = 0
        """The client's newest stream."""
        self.pinged = False
        """Whether the client has answered our PING."""
        self.refusing = False
        """Whether new calls are ignored."""

    def take(self, received: bytes) -> None:
        """Process complete frames, as many as one turn allows; raises ConnectionFault."""
        octets = self._rest + received if self._rest else received
        self._left = _TURN_FRAMES
        self.behind = False
        taken = self._take_frames(octets) if self.greeted else self._take_greeting(octets)
        self._rest = octets[taken:]
        if self._unreturned >= self._much:
            self._return_window()

    def set_limits(self, limits: Limits) -> None:
        """Apply these limits from now on."""
        self._limits = limits
        self._window = limits.connection_window
        self._much = (self._window + 1) // 2
        """Unreturned bytes are returned when there are this many."""

    def forgive(self) -> None:
        """Reset the counts of floods."""
        self._control_frames = self._resets = self._settings = 0

    def _take_greeting(self, octets: bytes) -> int:
        """Read the client's preface and SETTINGS (3.4). Returns the number of bytes read."""
        if not frames.PREFACE.startswith(octets[: len(frames.PREFACE)]):
            raise ConnectionFault(
                ErrorCode.PROTOCOL_ERROR, "this is not HTTP/2", _other_protocol(octets)
            )
        if len(octets) < _GREETING_SIZE:
            return 0
        if octets[len(frames.PREFACE) + 3 : _GREETING_SIZE - 4] != bytes((frames.SETTINGS, 0)):
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "SETTINGS must come first")
        self.greeted = True
        taken = len(frames.PREFACE)
        return taken + self._take_frames(octets[taken:])

    def _take_frames(self, octets: bytes) -> int:
        """Process complete frames. Returns their number of bytes."""
        streams, waiting = self._streams, self._streams.waiting
        remembered, read_anew = self._calls.remembered, self._read_anew
        unpack_head, unpack_prefix = frames.HEAD.unpack_from, PREFIX.unpack_from
        largest_message = self._limits.max_message_bytes
        position, end = 0, len(octets)
        # Without these types, the compiler would treat the unpacked numbers as objects.
        number: int
        flags: int
        stream_id: int
        length: int
        while end - position >= 9:
            number, flags, stream_id = unpack_head(octets, position)
            if number > _LARGEST_NUMBER:
                raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "a frame is too large")
            start = position + 9
            stop = start + (number >> 8)
            if stop > end or self._left <= 0:
                self.behind = stop <= end
                break
            self._left -= 1
            position = stop
            kind = number & 0xFF
            if self._block is not None and kind != frames.CONTINUATION:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "CONTINUATION must follow")
            try:
                # The two frames of an ordinary call. All other frames are handled below.
                if (
                    kind == DATA
                    and flags == END_STREAM
                    and (call := waiting.get(stream_id)) is not None
                ):
                    size = stop - start
                    if size >= 5 and (call.content_length < 0 or call.content_length == size):
                        compressed, length = unpack_prefix(octets, start)
                        if length == size - 5 <= largest_message and not compressed:
                            del waiting[stream_id]
                            self._unreturned += size
                            streams.answer(stream_id, call, octets[start + 5 : stop])
                            continue
                elif (
                    kind == HEADERS
                    and flags == END_HEADERS
                    and self.last_id < stream_id <= MAX_STREAM_ID
                    and stream_id % 2
                    and not self.refusing
                ):
                    self.last_id = stream_id
                    self._control_frames = 0
                    block = octets[start:stop]
                    streams.begin(stream_id, remembered.get(block) or read_anew(block), ended=False)
                    continue
                self._take(kind, flags, stream_id & MAX_STREAM_ID, octets[start:stop])
            except (StreamFault, MalformedRequest) as fault:
                self._cut(stream_id & MAX_STREAM_ID, fault.code)
        return position

    def _read_anew(self, block: bytes) -> Call:
        """The call of a block that is not remembered."""
        self._left -= len(block) >> _BLOCK_OCTETS_LOG2
        return self._calls.read_anew(block)

    def _cut(self, stream_id: int, code: ErrorCode) -> None:
        """End a stream because of the client's fault."""
        self._counters["stream_error"] += 1
        self._streams.cut(stream_id, code)
        self._count_control(frames.RST_STREAM)

    def _take(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        if kind == HEADERS:
            self._take_headers(flags, stream_id, payload)
        elif kind == DATA:
            self._take_data(flags, stream_id, payload)
        elif kind == frames.CONTINUATION:
            self._take_continuation(flags, stream_id, payload)
        elif kind == frames.RST_STREAM:
            self._take_reset(stream_id, payload)
        else:
            self._count_control(kind)
            if stream_id:
                self._take_stream_frame(kind, stream_id, payload)
            else:
                self._take_connection_frame(kind, flags, payload)

    def _take_headers(self, flags: int, stream_id: int, payload: bytes) -> None:
        if stream_id % 2 == 0:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a client's stream ids must be odd")
        if flags & frames.PADDED:
            payload = frames.unpadded(payload)
        if flags & frames.PRIORITIZED:
            frames.require_size(payload[:5], 5)
            frames.check_priority(payload[:5], stream_id)
            payload = payload[5:]
        if flags & END_HEADERS:
            self._take_block(stream_id, flags, payload)
        else:
            self._block = _UnfinishedBlock(stream_id, flags, payload)

    def _take_continuation(self, flags: int, stream_id: int, payload: bytes) -> None:
        block = self._block
        if block is None or stream_id != block.stream_id:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "CONTINUATION without HEADERS")
        block.octets += payload
        block.continuations += 1
        if (
            len(block.octets) > self._limits.max_block_bytes
            or block.continuations > self._limits.max_continuations
        ):
            raise ConnectionFault(
                ErrorCode.ENHANCE_YOUR_CALM, "the header fields are too long", "field_block"
            )
        if flags & END_HEADERS:
            self._block = None
            self._take_block(stream_id, block.flags, block.octets)

    def _take_block(self, stream_id: int, flags: int, block: bytes) -> None:
        ended = bool(flags & END_STREAM)
        if stream_id > self.last_id:
            self.last_id = stream_id
            self._control_frames = 0
            self._left -= len(block) >> _BLOCK_OCTETS_LOG2
            call = self._calls.read(block)
            if self.refusing:
                self._streams.ignore(stream_id)
            else:
                self._streams.begin(stream_id, call, ended=ended)
        else:
            trailers = self._calls.read_trailers(block)
            self._streams.end(stream_id, wellformed=trailers and ended)

    def _take_data(self, flags: int, stream_id: int, payload: bytes) -> None:
        self._require_known(stream_id)
        size = len(payload)
        self._left -= size >> _WORK_OCTETS_LOG2
        self._unreturned += size
        if self._unreturned > self._window:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "more DATA than the window allows")
        if flags & frames.PADDED:
            payload = frames.unpadded(payload)
        if not payload and not flags & END_STREAM:
            self._count_control(DATA)
        self._streams.take(stream_id, payload, size, ended=bool(flags & END_STREAM))

    def _take_reset(self, stream_id: int, payload: bytes) -> None:
        self._require_known(stream_id)
        frames.require_size(payload, 4)
        if not self._streams.reset(stream_id):
            self._count_control(frames.RST_STREAM)
            return
        self._resets += 1
        if self._resets > self._limits.max_resets:
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many resets", "reset_flood")

    def _take_stream_frame(self, kind: int, stream_id: int, payload: bytes) -> None:
        if kind == frames.WINDOW_UPDATE:
            self._require_known(stream_id)
            self._streams.widen(stream_id, frames.read_increment(payload, stream_id))
        elif kind == frames.PRIORITY:
            frames.check_priority(payload, stream_id)
        else:
            frames.require(kind not in _OF_THE_CONNECTION, "this frame must not have a stream")

    def _take_connection_frame(self, kind: int, flags: int, payload: bytes) -> None:
        if kind == frames.WINDOW_UPDATE:
            self._streams.widen(0, frames.read_increment(payload, 0))
        elif kind == frames.SETTINGS:
            self._take_settings(flags, payload)
        elif kind == frames.PING:
            frames.require_size(payload, 8)
            if not flags & frames.ACK:
                self._outbox.write(frames.frame(frames.PING, frames.ACK, 0, payload))
            else:
                self.pinged = True
        else:
            frames.require(kind not in _OF_A_STREAM, "this frame must have a stream")

    def _take_settings(self, flags: int, payload: bytes) -> None:
        if flags & frames.ACK:
            frames.require_size(payload, 0)
            return
        self._settings += 1
        if self._settings > self._limits.max_settings:
            raise ConnectionFault(
                ErrorCode.ENHANCE_YOUR_CALM, "too many SETTINGS", "settings_flood"
            )
        values = dict(frames.read_settings(payload))
        # The client relies on its settings after the ACK, so data that they allow is sent after it.
        self._outbox.write(frames.frame(frames.SETTINGS, frames.ACK, 0))
        for name, value in values.items():
            if name == frames.INITIAL_WINDOW_SIZE:
                self._streams.set_initial_window(value)
            elif name == frames.MAX_FRAME_SIZE:
                self._outbox.set_frame_size(value)
            elif name == frames.HEADER_TABLE_SIZE:
                self._outbox.set_table_size(value)

    def _require_known(self, stream_id: int) -> None:
        frames.require(0 < stream_id <= self.last_id, "a frame for a stream that is not open")

    def _count_control(self, kind: int) -> None:
        self._control_frames += 1
        if self._control_frames > self._limits.max_control_frames:
            raise ConnectionFault(
                ErrorCode.ENHANCE_YOUR_CALM,
                "too many frames without a call",
                _FLOODS.get(kind, "control_flood"),
            )

    def _return_window(self) -> None:
        due = self._unreturned - self._streams.held_bytes
        if due > 0:
            self._unreturned -= due
            self._outbox.write(frames.window_update(0, due))


def _other_protocol(octets: bytes) -> str:
    """Which protocol a client speaks in place of HTTP/2, as a member of `limits.KINDS`."""
    if octets.startswith(_TLS_HANDSHAKE):
        return "unexpected_tls"
    return "http1" if _HTTP1.match(octets) else "no_http2"
