"""Frames that break HTTP/2: which close the connection, and which reset only their stream."""

import pytest

from adapter.transport.http2 import frames
from adapter.transport.http2.frames import ErrorCode
from adapter.transport.http2.grpc_messages import framed
from tests.unit.transport.http2.peer import (
    LATER,
    Peer,
    data,
    goaway_code,
    reset_codes,
)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (frames.frame(frames.DATA, 0, 0, b"a"), ErrorCode.PROTOCOL_ERROR),
        (frames.frame(frames.DATA, 0, 1, b"a"), ErrorCode.PROTOCOL_ERROR),
        (frames.frame(frames.HEADERS, frames.END_HEADERS, 2, b"\x82"), ErrorCode.PROTOCOL_ERROR),
        (frames.frame(frames.HEADERS, frames.END_HEADERS, 0, b"\x82"), ErrorCode.PROTOCOL_ERROR),
        (frames.frame(frames.HEADERS, frames.END_HEADERS, 1, b"\xbe"), ErrorCode.COMPRESSION_ERROR),
        (
            frames.frame(frames.HEADERS, frames.END_HEADERS, 1, b"\x7f\x7f\x01"),
            ErrorCode.COMPRESSION_ERROR,
        ),
        (frames.frame(frames.HEADERS, frames.END_HEADERS | frames.PADDED, 1, b"\5a"), ErrorCode(1)),
        (frames.frame(frames.HEADERS, frames.PRIORITIZED, 1, b"\0\0"), ErrorCode.FRAME_SIZE_ERROR),
        (frames.frame(frames.CONTINUATION, 0, 1, b""), ErrorCode.PROTOCOL_ERROR),
        (frames.frame(frames.PUSH_PROMISE, 0, 1, b"\0\0\0\2"), ErrorCode.PROTOCOL_ERROR),
        (frames.frame(frames.PING, 0, 0, b"1234567"), ErrorCode.FRAME_SIZE_ERROR),
        (frames.frame(frames.PING, 0, 1, b"12345678"), ErrorCode.PROTOCOL_ERROR),
        (frames.frame(frames.SETTINGS, 0, 1), ErrorCode.PROTOCOL_ERROR),
        (frames.frame(frames.SETTINGS, 0, 0, b"1"), ErrorCode.FRAME_SIZE_ERROR),
        (frames.frame(frames.SETTINGS, frames.ACK, 0, b"123456"), ErrorCode.FRAME_SIZE_ERROR),
        (frames.settings({frames.ENABLE_PUSH: 2}), ErrorCode.PROTOCOL_ERROR),
        (frames.settings({frames.MAX_FRAME_SIZE: 1}), ErrorCode.PROTOCOL_ERROR),
        (frames.settings({frames.INITIAL_WINDOW_SIZE: 2**31}), ErrorCode.FLOW_CONTROL_ERROR),
        (frames.frame(frames.RST_STREAM, 0, 0, bytes(4)), ErrorCode.PROTOCOL_ERROR),
        (frames.frame(frames.RST_STREAM, 0, 1, bytes(4)), ErrorCode.PROTOCOL_ERROR),
        (frames.frame(frames.GOAWAY, 0, 1, bytes(8)), ErrorCode.PROTOCOL_ERROR),
        (frames.frame(frames.PRIORITY, 0, 0, bytes(5)), ErrorCode.PROTOCOL_ERROR),
        (frames.window_update(0, 0), ErrorCode.PROTOCOL_ERROR),
        (frames.window_update(0, 2**31 - 1), ErrorCode.FLOW_CONTROL_ERROR),
        (frames.window_update(1, 1), ErrorCode.PROTOCOL_ERROR),
        (b"\0\x40\1\0\0\0\0\0\1", ErrorCode.FRAME_SIZE_ERROR),
    ],
)
async def test_a_fault_of_the_connection_closes_it(octets: bytes, code: int) -> None:
    """RFC 9113, 5.4.1: GOAWAY with a code and words, then the end; counted."""
    peer = Peer()
    received = peer.send(octets)
    assert goaway_code(received) == code
    assert peer.transport.closed
    assert peer.counted == {"protocol_error": 1}
    assert peer.send(peer.request(1)) == [], "nothing more is taken"


async def test_a_fault_of_a_stream_resets_only_that_stream() -> None:
    """RFC 9113, 5.4.2: RST_STREAM, while the others go on; counted."""
    peer = Peer()
    peer.send(peer.request(1))
    malformed = peer.encoder.encode([(":path", "/")])
    received = peer.send(
        data(1, b"a"),
        frames.headers(3, malformed),
        frames.frame(frames.PRIORITY, 0, 5, b"1"),
        *(peer.opening(7), frames.window_update(7, 0)),
        *(peer.opening(9), peer.opening(9)),
        *(peer.request(11, LATER), frames.window_update(11, 2**31 - 1)),
        *(peer.request(13, LATER), data(13, b"a")),
        peer.request(15),
    )
    assert reset_codes(received) == {
        1: ErrorCode.STREAM_CLOSED,
        3: ErrorCode.PROTOCOL_ERROR,
        5: ErrorCode.FRAME_SIZE_ERROR,
        7: ErrorCode.PROTOCOL_ERROR,
        9: ErrorCode.PROTOCOL_ERROR,
        11: ErrorCode.FLOW_CONTROL_ERROR,
        13: ErrorCode.STREAM_CLOSED,
    }
    assert peer.answers[15].message == b"hello"
    assert peer.counted == {"stream_error": 7}
    assert peer.send(data(9, b"a"), data(11, b"a")) == [], "what was under way is ignored"


async def test_headers_on_a_closed_stream_close_the_connection() -> None:
    """A stream cannot be used again: that is the connection's fault (RFC 9113, 5.1)."""
    peer = Peer()
    received = peer.send(peer.request(1), peer.request(1))
    assert goaway_code(received) == ErrorCode.STREAM_CLOSED


async def test_no_frame_may_come_between_headers_and_continuation() -> None:
    """Between HEADERS and CONTINUATION nothing else may come, not even the DATA of a call."""
    peer = Peer()
    unfinished = frames.frame(frames.HEADERS, 0, 3, b"\x82")
    received = peer.send(peer.opening(1), unfinished, data(1, framed(b"a"), end=True))
    assert goaway_code(received) == ErrorCode.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "octets",
    [b"GET / HTTP/1.1\r\n\r\n", frames.PREFACE + frames.frame(frames.PING, 0, 0, bytes(8))],
)
async def test_other_protocols_are_turned_away(octets: bytes) -> None:
    """What is not HTTP/2, or begins without SETTINGS of its own, is turned away."""
    peer = Peer(greet=False)
    assert goaway_code(peer.send(octets)) == ErrorCode.PROTOCOL_ERROR
    assert peer.transport.closed
