# mypyc: compiled
"""gRPC in HTTP/2 frames (PROTOCOL-HTTP2): message framing, statuses, prepared answers."""

from collections.abc import Callable, Iterator
from struct import Struct
from typing import Final, TypeAlias

from adapter.errors import RpcError
from adapter.transport.http2.frames import DATA, END_HEADERS, END_STREAM, HEADERS
from adapter.transport.http2.hpack_blocks import literal_block
from adapter.transport.service import StatusCode

PREFIX: Final = Struct(">BI")
"""The prefix of a message: a compression flag and the length ("Length-Prefixed-Message")."""
PREFIX_SIZE: Final = 5

Answer: TypeAlias = Callable[[int, bytes], bytes]
"""Builds the three frames of a complete unary answer from the stream id and the message."""


def _answer(response_block: bytes, ok_block: bytes) -> Answer:
    # In the three frame headers (RFC 9113, 4.1) only the stream ids and one length vary.
    head = Struct(f">5sI{len(response_block)}sIxIxI").pack
    tail = Struct(f">5sI{len(ok_block)}s").pack
    headers = (len(response_block) << 8 | HEADERS).to_bytes(4) + bytes((END_HEADERS,))
    trailers = (len(ok_block) << 8 | HEADERS).to_bytes(4) + bytes((END_HEADERS | END_STREAM,))

    def answer(stream_id: int, message: bytes) -> bytes:
        size = len(message)
        data = (size + PREFIX_SIZE) << 8 | DATA
        start = head(headers, stream_id, response_block, data, stream_id, size)
        return start + message + tail(trailers, stream_id, ok_block)

    return answer


_STATUS_200: Final = b"\x88"
"""Entry 8 of HPACK's static table."""
_RESPONSE_FIELD: Final = literal_block(("content-type", "application/grpc"))
_OK_FIELD: Final = literal_block(("grpc-status", "0"))
_ENTERING: Final = b"\x40"
"""Replaces a literal's first byte to add it to the peer's table (RFC 7541, 6.2.1)."""

RESPONSE_BLOCK: Final = _STATUS_200 + _RESPONSE_FIELD
OK_BLOCK: Final = _OK_FIELD
PLAIN_ANSWER: Final = _answer(RESPONSE_BLOCK, OK_BLOCK)
"""Uses literals only, for a peer that may have no table."""
FIRST_ANSWER: Final = _answer(
    _STATUS_200 + _ENTERING + _RESPONSE_FIELD[1:], _ENTERING + _OK_FIELD[1:]
)
"""Adds both fields to the peer's table."""
NEXT_ANSWER: Final = _answer(_STATUS_200 + b"\xbf", b"\xbe")
"""Refers to both table entries (the newest is 62): shorter, and cheaper for Envoy to decode."""

TABLE_GONE: Final = b"\x20"
"""Precedes a block: sets our table size to 0 (RFC 7541, 4.2 and 6.3)."""
LAST_TABLE_ANSWER: Final = _answer(TABLE_GONE + RESPONSE_BLOCK, OK_BLOCK)
"""A plain answer that also sets the table size to 0."""


def framed(message: bytes) -> bytes:
    """The message with its prefix, for DATA frames."""
    return PREFIX.pack(0, len(message)) + message


def percent_encoded(text: str) -> str:
    """Encode `grpc-message`: UTF-8, with `%XX` for `%` and non-printable bytes ("Responses")."""
    return "".join(
        chr(octet) if 0x20 <= octet <= 0x7E and octet != 0x25 else f"%{octet:02X}"
        for octet in text.encode("utf-8", "replace")
    )


def trailers(code: int, message: str) -> bytes:
    """The block that ends a call with a status other than OK."""
    fields = [("grpc-status", str(code))]
    if message:
        fields.append(("grpc-message", percent_encoded(message)))
    if code == StatusCode.UNIMPLEMENTED:
        fields.append(("grpc-accept-encoding", "identity"))
    return literal_block(*fields)


def http_refusal_block(status: int) -> bytes:
    """The header block of an answer to a request that is not gRPC; a line of text follows."""
    return literal_block((":status", str(status)), ("content-type", "text/plain"))


class MessageTooLarge(RpcError):  # noqa: N818 - an answer, as its parent is
    """A message that is larger than the limit."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            StatusCode.RESOURCE_EXHAUSTED, f"the message has {size} bytes; the limit is {limit}"
        )


class TooMuchHeld(RpcError):  # noqa: N818 - an answer, as its parent is
    """A message that would exceed the limit for all calls together."""

    def __init__(self) -> None:
        super().__init__(
            StatusCode.RESOURCE_EXHAUSTED,
            "too many large messages at once; raise listener.max_held_bytes",
        )


class MessageReader:
    """Assembles the messages of one stream."""

    def __init__(self, max_bytes: int, compressed: bool) -> None:
        self._max_bytes = max_bytes
        self._compressed = compressed
        self._octets = bytearray()

    @property
    def held_bytes(self) -> int:
        """Bytes of the incomplete message."""
        return len(self._octets)

    def feed(self, octets: bytes) -> Iterator[bytes]:
        """Yield the messages that are now complete; raises RpcError for an unacceptable one."""
        self._octets += octets
        while len(self._octets) >= PREFIX_SIZE:
            compressed, size = PREFIX.unpack_from(self._octets)
            if compressed:
                raise self._refusal(compressed)
            if size > self._max_bytes:
                raise MessageTooLarge(size, self._max_bytes)
            whole = PREFIX_SIZE + size
            if len(self._octets) < whole:
                return
            with memoryview(self._octets) as octets_held:  # avoids a second copy
                message = bytes(octets_held[PREFIX_SIZE:whole])
            del self._octets[:whole]
            yield message

    def _refusal(self, compressed: int) -> RpcError:
        # gRPC's compression.md: UNIMPLEMENTED for an unsupported algorithm, INTERNAL for none.
        if compressed == 1 and self._compressed:
            return RpcError(StatusCode.UNIMPLEMENTED, "compressed messages are not supported")
        return RpcError(
            StatusCode.INTERNAL, "a message is flagged as compressed, but grpc-encoding is missing"
        )
