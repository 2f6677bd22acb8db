# mypyc: compiled
"""HTTP/2 frames (RFC 9113, 4 and 6): their numbers, the ones we send, the payloads we read."""

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client sends first (3.4); a SETTINGS frame follows."""

# Plain integers: the hot loop compares them, and an enumeration's members cost a look-up each.
DATA: Final = 0x0
HEADERS: Final = 0x1
PRIORITY: Final = 0x2
RST_STREAM: Final = 0x3
SETTINGS: Final = 0x4
PUSH_PROMISE: Final = 0x5
PING: Final = 0x6
GOAWAY: Final = 0x7
WINDOW_UPDATE: Final = 0x8
CONTINUATION: Final = 0x9

END_STREAM: Final = 0x1
ACK: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
PRIORITIZED: Final = 0x20

HEADER_TABLE_SIZE: Final = 0x1
ENABLE_PUSH: Final = 0x2
MAX_CONCURRENT_STREAMS: Final = 0x3
INITIAL_WINDOW_SIZE: Final = 0x4
MAX_FRAME_SIZE: Final = 0x5
MAX_HEADER_LIST_SIZE: Final = 0x6

DEFAULT_TABLE_SIZE: Final = 4096
DEFAULT_WINDOW: Final = 65_535
MAX_WINDOW: Final = 2**31 - 1
MAX_STREAM_ID: Final = 2**31 - 1
DEFAULT_FRAME_SIZE: Final = 16_384
"""The largest payload that we take; also what a peer takes until it says otherwise."""

HEAD: Final = Struct(">IBI")
"""A frame's first nine octets (4.1): length and type in one number, flags, stream."""
HEAD_SIZE: Final = 9
_SETTING: Final = Struct(">HI")
_TWO_NUMBERS: Final = Struct(">II")


class ErrorCode(IntEnum):
    """Why a stream or a connection ends (7)."""

    NO_ERROR = 0x0
    PROTOCOL_ERROR = 0x1
    INTERNAL_ERROR = 0x2
    FLOW_CONTROL_ERROR = 0x3
    STREAM_CLOSED = 0x5
    FRAME_SIZE_ERROR = 0x6
    REFUSED_STREAM = 0x7
    CANCEL = 0x8
    COMPRESSION_ERROR = 0x9
    ENHANCE_YOUR_CALM = 0xB


class ConnectionFault(Exception):  # noqa: N818 - the peer's fault, told to it by GOAWAY
    """The peer broke the protocol so that the connection has to end (5.4.1)."""

    def __init__(self, code: ErrorCode, reason: str, kind: str = "protocol_error") -> None:
        super().__init__(reason)
        self.code = code
        self.kind = kind
        """Under what it is counted (`limits.KINDS`)."""


class StreamFault(Exception):  # noqa: N818 - the peer's fault, told to it by RST_STREAM
    """The peer broke the protocol in one stream, which ends (5.4.2)."""

    def __init__(self, stream_id: int, code: ErrorCode) -> None:
        super().__init__(f"stream {stream_id}: {code.name}")
        self.code = code


def frame(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """Any frame."""
    return HEAD.pack(len(payload) << 8 | kind, flags, stream_id) + payload


def settings(values: dict[int, int]) -> bytes:
    """Our SETTINGS (6.5)."""
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(*item) for item in values.items()))


def window_update(stream_id: int, increment: int) -> bytes:
    """Lets the peer send that many octets more (6.9)."""
    return frame(WINDOW_UPDATE, 0, stream_id, increment.to_bytes(4))


def rst_stream(stream_id: int, code: ErrorCode) -> bytes:
    """Ends a stream at once (6.4)."""
    return frame(RST_STREAM, 0, stream_id, code.to_bytes(4))


def goaway(last_stream_id: int, code: ErrorCode, reason: str = "") -> bytes:
    """Ends the connection once the streams up to the last one are done (6.8)."""
    return frame(GOAWAY, 0, 0, _TWO_NUMBERS.pack(last_stream_id, code) + reason.encode())


def headers(stream_id: int, block: bytes, *, end_stream: bool = False) -> bytes:
    """A whole field block, as HEADERS and as many CONTINUATION frames as it takes (6.2, 6.10)."""
    parts = [block[i : i + DEFAULT_FRAME_SIZE] for i in range(0, len(block), DEFAULT_FRAME_SIZE)]
    last = len(parts) - 1
    return b"".join(
        frame(
            CONTINUATION if i else HEADERS,
            (END_HEADERS if i == last else 0) | (END_STREAM if end_stream and not i else 0),
            stream_id,
            part,
        )
        for i, part in enumerate(parts)
    )


def read_settings(payload: bytes) -> Iterator[tuple[int, int]]:
    """The peer's settings, each checked (6.5.2); those that we do not know pass unheeded."""
    if len(payload) % _SETTING.size:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS is cut off")
    for name, value in _SETTING.iter_unpack(payload):
        if name == ENABLE_PUSH and value > 1:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "ENABLE_PUSH is neither 0 nor 1")
        if name == INITIAL_WINDOW_SIZE and value > MAX_WINDOW:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE is too large")
        if name == MAX_FRAME_SIZE and not DEFAULT_FRAME_SIZE <= value < 2**24:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "MAX_FRAME_SIZE is out of range")
        yield name, value


def read_increment(payload: bytes, stream_id: int) -> int:
    """How much a WINDOW_UPDATE adds (6.9); a zero is the stream's fault, or the connection's."""
    require_size(payload, 4)
    increment = int.from_bytes(payload) & MAX_WINDOW
    if increment:
        return increment
    if stream_id:
        raise StreamFault(stream_id, ErrorCode.PROTOCOL_ERROR)
    raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE adds nothing")


def unpadded(payload: bytes) -> bytes:
    """The payload of a frame with PADDED set, less its padding (6.1)."""
    if not payload or payload[0] >= len(payload):
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "the padding is longer than the frame")
    return payload[1 : len(payload) - payload[0]]


def check_priority(payload: bytes, stream_id: int) -> None:
    """Check a priority, which does nothing otherwise (5.3, 6.3, and RFC 7540, 5.3.1)."""
    if len(payload) != 5:
        raise StreamFault(stream_id, ErrorCode.FRAME_SIZE_ERROR)
    dependency = int.from_bytes(payload[:4]) & MAX_STREAM_ID
    require(dependency != stream_id, "a stream cannot depend on itself")


def require(condition: bool, reason: str) -> None:
    """Raise ConnectionFault PROTOCOL_ERROR unless the condition holds."""
    if not condition:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, reason)


def require_size(payload: bytes, size: int) -> None:
    """Raise ConnectionFault FRAME_SIZE_ERROR unless the payload has that size (4.2)."""
    if len(payload) != size:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, f"the frame is not of {size} octets")
