# mypyc: compiled
"""HTTP/2 frames (RFC 9113, 4 and 6): constants, writing frames, reading payloads."""

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""The first bytes of a client (3.4); a SETTINGS frame follows."""

# Plain integers, because the hot loop compares them. Enumeration members would need a look-up.
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
"""The largest payload that we accept, and that a peer accepts by default."""

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
    """The peer violated the protocol; the connection must end (5.4.1)."""

    def __init__(self, code: ErrorCode, reason: str, kind: str = "protocol_error") -> None:
        super().__init__(reason)
        self.code = code
        self.kind = kind
        """The member of `limits.KINDS` to count."""


class StreamFault(Exception):  # noqa: N818 - the peer's fault, told to it by RST_STREAM
    """The peer violated the protocol in one stream, which must end (5.4.2)."""

    def __init__(self, stream_id: int, code: ErrorCode) -> None:
        super().__init__(f"stream {stream_id}: {code.name}")
        self.code = code


def frame(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """Write a frame."""
    return HEAD.pack(len(payload) << 8 | kind, flags, stream_id) + payload


def settings(values: dict[int, int]) -> bytes:
    """Write SETTINGS (6.5)."""
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(*item) for item in values.items()))


def window_update(stream_id: int, increment: int) -> bytes:
    """Write WINDOW_UPDATE, which lets the peer send `increment` more bytes (6.9)."""
    return frame(WINDOW_UPDATE, 0, stream_id, increment.to_bytes(4))


def rst_stream(stream_id: int, code: ErrorCode) -> bytes:
    """Write RST_STREAM, which ends a stream at once (6.4)."""
    return frame(RST_STREAM, 0, stream_id, code.to_bytes(4))


def goaway(last_stream_id: int, code: ErrorCode, reason: str = "") -> bytes:
    """Write GOAWAY, which ends the connection after the streams up to the last one (6.8)."""
    return frame(GOAWAY, 0, 0, _TWO_NUMBERS.pack(last_stream_id, code) + reason.encode())


def headers(stream_id: int, block: bytes, *, end_stream: bool = False) -> bytes:
    """Write a field block as HEADERS and CONTINUATION frames (6.2, 6.10)."""
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
    """Read and check the peer's settings (6.5.2). Unknown ones are returned too."""
    if len(payload) % _SETTING.size:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS is incomplete")
    for name, value in _SETTING.iter_unpack(payload):
        if name == ENABLE_PUSH and value > 1:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "ENABLE_PUSH must be 0 or 1")
        if name == INITIAL_WINDOW_SIZE and value > MAX_WINDOW:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE is too large")
        if name == MAX_FRAME_SIZE and not DEFAULT_FRAME_SIZE <= value < 2**24:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "MAX_FRAME_SIZE is out of range")
        yield name, value


def read_increment(payload: bytes, stream_id: int) -> int:
    """Read the increment of WINDOW_UPDATE (6.9). Zero is a fault of the stream or connection."""
    require_size(payload, 4)
    increment = int.from_bytes(payload) & MAX_WINDOW
    if increment:
        return increment
    if stream_id:
        raise StreamFault(stream_id, ErrorCode.PROTOCOL_ERROR)
    raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "the increment of WINDOW_UPDATE is zero")


def unpadded(payload: bytes) -> bytes:
    """The payload of a frame with the flag PADDED, without its padding (6.1)."""
    if not payload or payload[0] >= len(payload):
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "the padding is longer than the frame")
    return payload[1 : len(payload) - payload[0]]


def check_priority(payload: bytes, stream_id: int) -> None:
    """Check a priority, which has no other effect (5.3, 6.3, and RFC 7540, 5.3.1)."""
    if len(payload) != 5:
        raise StreamFault(stream_id, ErrorCode.FRAME_SIZE_ERROR)
    dependency = int.from_bytes(payload[:4]) & MAX_STREAM_ID
    require(dependency != stream_id, "a stream cannot depend on itself")


def require(condition: bool, reason: str) -> None:
    """Raise ConnectionFault PROTOCOL_ERROR unless the condition holds."""
    if not condition:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, reason)


def require_size(payload: bytes, size: int) -> None:
    """Raise ConnectionFault FRAME_SIZE_ERROR unless the payload has this size (4.2)."""
    if len(payload) != size:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, f"the frame must have {size} bytes")
