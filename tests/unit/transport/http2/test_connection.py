"""HTTP/2 and gRPC on one connection, octet by octet."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import RpcError
from adapter.transport.http2 import frames
from adapter.transport.http2.grpc_messages import framed
from adapter.transport.http2.limits import Limits
from adapter.transport.service import ClientStreamMethod, Metadata, UnaryMethod
from tests.unit.transport.http2.peer import (
    COLLECT,
    ECHO,
    LATER,
    Peer,
    data,
    goaway_code,
    reset_codes,
)


async def test_calls_are_answered_in_one_write() -> None:
    """The calls of one read are answered, in order, by one write."""
    peer = Peer()
    peer.transport.writes = 0
    peer.send(*(peer.request(i, message=b"%d" % i) for i in (1, 3, 5)))
    assert peer.transport.writes == 1
    assert [(i, a.message, a.status, a.ended) for i, a in peer.answers.items()] == [
        (1, b"1", "0", True),
        (3, b"3", "0", True),
        (5, b"5", "0", True),
    ]
    assert all(a.headers[":status"] == "200" for a in peer.answers.values())
    assert all(a.headers["content-type"] == "application/grpc" for a in peer.answers.values())


async def test_octet_by_octet() -> None:
    """Frames may come in any pieces."""
    peer = Peer(greet=False)
    everything = frames.PREFACE + frames.settings({}) + peer.request(1) + peer.request(3)
    for octet in everything:
        peer.send(bytes((octet,)))
    assert [a.message for a in peer.answers.values()] == [b"hello", b"hello"]


@given(st.lists(st.integers(0, 30), max_size=5), st.booleans(), st.booleans())
def test_bodies_in_any_frames(cuts: list[int], padded: bool, ended_apart: bool) -> None:
    """A message may be spread over DATA frames, padded, and its end may come in an empty one."""

    async def exchange() -> bytes:
        peer = Peer()
        octets = framed(bytes(range(26)))
        pieces = [0, *sorted(cut for cut in cuts if cut < len(octets)), len(octets)]
        sent = [peer.opening(1)]
        for start, stop in pairwise(pieces):
            end = stop == len(octets) and not ended_apart
            flags = (frames.END_STREAM if end else 0) | (frames.PADDED if padded else 0)
            piece = octets[start:stop]
            payload = b"\3" + piece + bytes(3) if padded else piece
            sent.append(frames.frame(frames.DATA, flags, 1, payload))
        if ended_apart:
            sent.append(data(1, b"", end=True))
        peer.send(*sent)
        return peer.answers[1].message

    assert asyncio.run(exchange()) == bytes(range(26))


async def test_fields_in_any_frames() -> None:
    """Fields may come in HEADERS and CONTINUATION, with padding, and with a priority."""
    peer = Peer()
    block = peer.fields()
    flags = frames.PADDED | frames.PRIORITIZED
    head = b"\2" + b"\0\0\0\0\x10" + block[:5] + b"\0\0"
    peer.send(
        frames.frame(frames.HEADERS, flags, 1, head),
        frames.frame(frames.CONTINUATION, 0, 1, block[5:9]),
        frames.frame(frames.CONTINUATION, frames.END_HEADERS, 1, block[9:]),
        data(1, framed(b"a"), end=True),
    )
    assert peer.answers[1].message == b"a"


async def test_trailers_end_a_request() -> None:
    """A client may end with trailers instead of DATA."""
    peer = Peer()
    trailers = frames.headers(1, peer.encoder.encode([("x-sum", "1")]), end_stream=True)
    peer.send(peer.opening(1), data(1, framed(b"a")), trailers)
    assert peer.answers[1].message == b"a"


async def test_calls_that_wait() -> None:
    """An answer that takes time holds up no other; several that come at once are one write."""
    peer = Peer()
    peer.send(peer.request(1, LATER), peer.request(3, LATER), peer.request(5))
    assert list(peer.answers) == [5]
    peer.transport.writes = 0
    peer.later[1].set_result(b"second")
    peer.later[0].set_result(b"first")
    await peer.settled()
    assert peer.transport.writes == 1
    assert (peer.answers[1].message, peer.answers[3].message) == (b"first", b"second")


async def test_calls_called_off() -> None:
    """RST_STREAM cancels what is under way, and nothing is answered."""
    peer = Peer()
    peer.send(peer.request(1, LATER), peer.opening(3))
    peer.send(*(frames.rst_stream(i, frames.ErrorCode.CANCEL) for i in (1, 3)))
    await peer.settled()
    assert peer.later[0].cancelled()
    assert peer.answers == {}
    assert peer.observed.failed == []


async def test_a_connection_that_breaks() -> None:
    """Calls under way are cancelled, client streams finished."""
    peer = Peer()
    peer.send(peer.request(1, LATER), peer.opening(3, COLLECT), data(3, framed(b"a")))
    peer.connection.connection_lost(None)
    await peer.settled()
    assert peer.later[0].cancelled()
    assert (peer.logs.messages, peer.logs.finished) == ([b"a"], 1)
    assert len(peer.shared.guests) == 0


async def test_deadlines() -> None:
    """A call that takes longer than `grpc-timeout` is cancelled, with DEADLINE_EXCEEDED."""
    peer = Peer()
    peer.send(peer.opening(1, LATER, ("grpc-timeout", "1n")), data(1, framed(b""), end=True))
    peer.send(peer.opening(3, COLLECT, ("grpc-timeout", "1n")))
    async with asyncio.timeout(10):
        while len(peer.answers) < 2:
            await peer.settled()
    assert peer.later[0].cancelled()
    assert [a.status for a in peer.answers.values()] == ["4", "4"]
    assert peer.logs.finished == 1


async def test_client_streams() -> None:
    """Messages are handed over as they come; the end is answered with an empty message."""
    peer = Peer()
    large = bytes(40_000)
    octets = framed(b"a") + framed(large)
    peer.send(peer.opening(1, COLLECT), data(1, octets[:10_000]), data(1, octets[10_000:26_000]))
    assert peer.logs.messages == [b"a"]
    peer.send(data(1, octets[26_000:]))
    assert peer.logs.messages == [b"a", large]
    assert peer.answers == {}
    peer.send(data(1, b"", end=True))
    assert (peer.answers[1].body, peer.answers[1].status) == (framed(b""), "0")
    assert peer.logs.finished == 1


class Refusing:
    """A consumer that refuses its first message, and fails at its end."""

    def __init__(self, metadata: Metadata) -> None:
        """Open."""

    def consume(self, message: bytes) -> None:
        """Refuse."""
        raise RpcError(16, "caf\u00e9 100%")

    def finish(self) -> None:
        """Fail."""
        raise ZeroDivisionError


async def test_errors_are_trailers_only() -> None:
    """A refusal before the end of the request is one HEADERS frame, then RST_STREAM NO_ERROR."""
    peer = Peer(ClientStreamMethod("/test.Test/Refuse", Refusing))
    received = peer.send(peer.opening(1, "/test.Test/Refuse"), data(1, framed(b"a")))
    assert peer.answers[1].headers == {
        ":status": "200",
        "content-type": "application/grpc",
        "grpc-status": "16",
        "grpc-message": "caf%C3%A9 100%25",
    }
    assert peer.answers[1].ended
    assert reset_codes(received) == {1: frames.ErrorCode.NO_ERROR}
    assert peer.observed.failed == [("/test.Test/Refuse", 13), ("/test.Test/Refuse", 16)]
    assert peer.send(data(1, framed(b"b")), data(1, b"", end=True)) == []
    assert peer.counted == {}


def _raise(error: Exception) -> Callable[[bytes, Metadata], bytes]:
    def call(message: bytes, metadata: Metadata) -> bytes:
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "status"),
    [(RpcError(7, "no"), "7"), (RpcError(14, "no"), "13"), (ValueError("secret"), "13")],
)
async def test_failing_calls(error: Exception, status: str) -> None:
    """A method's own status goes out; a bug and UNAVAILABLE are INTERNAL, and tell nothing."""
    peer = Peer(UnaryMethod("/test.Test/Fail", _raise(error)))
    peer.send(peer.request(1, "/test.Test/Fail"), peer.request(3))
    assert peer.answers[1].status == status
    assert "secret" not in str(peer.answers[1].headers)
    assert peer.answers[3].message == b"hello"


async def test_failing_later() -> None:
    """So it is for those that fail after a while, or cancel themselves."""
    peer = Peer()
    peer.send(peer.request(1, LATER), peer.request(3, LATER))
    peer.later[0].set_exception(RpcError(8, "later"))
    peer.later[1].cancel()
    await peer.settled()
    assert [a.status for a in peer.answers.values()] == ["8", "13"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", "12"), (framed(b"a") * 2, "12"), (framed(b"abc")[:-1], "13"), (b"\0\0", "13")],
)
async def test_not_one_message(body: bytes, status: str) -> None:
    """A unary request without a message, with two, or with a part of one."""
    peer = Peer()
    peer.send(peer.opening(1), data(1, body, end=True))
    assert peer.answers[1].status == status


async def test_no_body_at_all() -> None:
    """HEADERS may end the request: then there is no message, or an empty stream."""
    peer = Peer()
    received = peer.send(
        frames.headers(1, peer.fields(), end_stream=True),
        frames.headers(3, peer.fields(COLLECT), end_stream=True),
        frames.headers(5, peer.fields("/test.Test/Unknown"), end_stream=True),
        frames.headers(7, peer.fields(COLLECT, ("content-length", "5")), end_stream=True),
    )
    assert [a.status for a in peer.answers.values()] == ["12", "0", "12"]
    assert reset_codes(received) == {7: frames.ErrorCode.PROTOCOL_ERROR}


@pytest.mark.parametrize(("encoding", "status"), [("gzip", "12"), ("identity", "13")])
async def test_compressed_messages(encoding: str, status: str) -> None:
    """They are refused as gRPC's compression.md says, naming what is accepted."""
    peer = Peer()
    body = b"\1" + framed(b"a")[1:]
    peer.send(peer.opening(1, ECHO, ("grpc-encoding", encoding)), data(1, body, end=True))
    answer = peer.answers[1]
    assert answer.status == status
    assert answer.headers.get("grpc-accept-encoding") == ("identity" if status == "12" else None)


async def test_what_is_not_grpc() -> None:
    """Another content type is 415, another method 405, in words, after the request's end."""
    peer = Peer()
    block = peer.encoder.encode([(":method", "GET"), (":scheme", "http"), (":path", "/")])
    assert peer.send(frames.headers(1, block)) == []
    peer.send(data(1, b"anything" * 1000), data(1, b"", end=True))
    peer.send(frames.headers(3, peer.fields(method="PUT"), end_stream=True))
    assert [a.headers[":status"] for a in peer.answers.values()] == ["415", "405"]
    assert b"gRPC" in peer.answers[1].body
    assert all(a.ended for a in peer.answers.values())


async def test_content_length() -> None:
    """A body that is not as long as it says is a PROTOCOL_ERROR of its stream."""
    peer = Peer()
    body = framed(b"hello")
    received = peer.send(
        *(peer.opening(1, ECHO, ("content-length", "11")), data(1, body, end=True)),
        *(peer.opening(3, ECHO, ("content-length", "10")), data(3, body, end=True)),
        *(peer.opening(5, ECHO, ("content-length", "10")), data(5, body[:4])),
        data(5, body[4:], end=True),
    )
    assert reset_codes(received) == {1: frames.ErrorCode.PROTOCOL_ERROR}
    assert list(peer.answers) == [3, 5]


async def test_answers_wait_for_the_window_of_their_stream() -> None:
    """What the client's windows don't allow waits, piece by piece, and then the trailers come."""
    peer = Peer(settings={frames.INITIAL_WINDOW_SIZE: 4})
    peer.send(peer.request(1, message=b"abcdefgh"))
    assert (len(peer.answers[1].body), peer.answers[1].ended) == (4, False)
    peer.send(frames.window_update(1, 5))
    assert (len(peer.answers[1].body), peer.answers[1].ended) == (9, False)
    peer.send(frames.window_update(1, 100))
    assert (peer.answers[1].message, peer.answers[1].status) == (b"abcdefgh", "0")


async def test_answers_wait_for_the_window_of_the_connection() -> None:
    """The connection's window is shared by all streams."""
    peer = Peer(settings={frames.INITIAL_WINDOW_SIZE: 1 << 20})
    large = bytes(50_000)
    peer.send(*(piece for i in (1, 3) for piece in large_request(peer, i, large)))
    await peer.settled()
    assert (peer.answers[1].ended, peer.answers[3].ended) == (True, False)
    peer.send(peer.request(5, message=b""))
    assert peer.answers[5].body == b"", "DATA of five octets has to wait too"
    peer.send(frames.window_update(0, 100_000))
    assert peer.answers[3].message == large
    assert peer.answers[5].ended


def large_request(peer: Peer, stream_id: int, message: bytes) -> list[bytes]:
    """A unary request in as many DATA frames as it takes."""
    octets, size = framed(message), frames.DEFAULT_FRAME_SIZE
    pieces = [octets[i : i + size] for i in range(0, len(octets), size)]
    sent = [data(stream_id, piece) for piece in pieces[:-1]]
    return [peer.opening(stream_id), *sent, data(stream_id, pieces[-1], end=True)]


async def test_settings_in_flight() -> None:
    """A new initial window changes the windows of open streams, and may make them negative."""
    peer = Peer(settings={frames.INITIAL_WINDOW_SIZE: 6})
    peer.send(peer.request(1, message=b"abcdefgh"))
    assert len(peer.answers[1].body) == 6
    received = peer.send(frames.settings({frames.INITIAL_WINDOW_SIZE: 2}))
    assert [(f.kind, f.flags) for f in received] == [(frames.SETTINGS, frames.ACK)]
    peer.send(frames.window_update(1, 4))
    assert len(peer.answers[1].body) == 6, "the window was -4, and is 0"
    peer.send(frames.settings({frames.INITIAL_WINDOW_SIZE: 3}))
    assert len(peer.answers[1].body) == 7
    peer.send(frames.settings({frames.INITIAL_WINDOW_SIZE: 100}))
    assert peer.answers[1].ended


async def test_frame_size() -> None:
    """Large answers are cut into frames of the size that the client takes."""
    peer = Peer(settings={frames.INITIAL_WINDOW_SIZE: 1 << 20, frames.MAX_FRAME_SIZE: 20_000})
    received = peer.send(*large_request(peer, 1, bytes(50_000)))
    sizes = [len(frame.payload) for frame in received if frame.kind == frames.DATA]
    assert sizes == [20_000, 20_000, 10_005]


@pytest.mark.parametrize("size", [0, 100, 4095])
async def test_a_client_with_a_small_table(size: int) -> None:
    """Where the client grants less than the usual table we use none, and say so first."""
    peer = Peer(settings={frames.HEADER_TABLE_SIZE: size})
    first, *_ = (f for f in peer.send(peer.request(1)) if f.kind == frames.HEADERS)
    assert first.payload[0] == 0x20
    assert first.payload[1] == 0x88
    peer.send(peer.request(3), peer.request(5, "/test.Test/Unknown"))
    assert [a.status for a in peer.answers.values()] == ["0", "0", "12"]


async def test_a_table_that_shrinks() -> None:
    """So it is when the table shrinks later, whatever the next answer is."""
    peer = Peer()
    peer.send(peer.request(1), peer.request(3))
    peer.send(frames.settings({frames.HEADER_TABLE_SIZE: 0}))
    received = peer.send(peer.request(5, "/test.Test/Unknown"), peer.request(7))
    assert [f.payload[0] for f in received if f.kind == frames.HEADERS] == [0x20, 0x88, 0x00]
    assert [a.status for a in peer.answers.values()] == ["0", "0", "12", "0"]


async def test_windows_are_returned() -> None:
    """What was taken is returned to the client, on the connection and in long streams."""
    limits = Limits(max_message_bytes=65_530)
    peer = Peer(limits=limits)
    peer.send(peer.opening(1, COLLECT))
    sent, returned = 0, {0: 0, 1: 0}
    for _ in range(40):
        octets = framed(bytes(10_000))
        sent += len(octets)
        for frame in peer.send(data(1, octets)):
            assert frame.kind == frames.WINDOW_UPDATE
            returned[frame.stream_id] += int.from_bytes(frame.payload)
        assert sent - returned[0] < limits.connection_window
        assert sent - returned[1] < frames.DEFAULT_WINDOW
    assert len(peer.logs.messages) == 40


async def test_a_message_larger_than_the_window() -> None:
    """A stream's window is no wider than HTTP/2's own, and is returned before a message is whole.

    So a large message comes in pieces, and other calls have their turns in between.
    """
    peer = Peer()
    octets = framed(bytes(1_000_000))
    peer.send(peer.opening(1, COLLECT))
    sent, window = 0, frames.DEFAULT_WINDOW
    while sent < len(octets):
        piece = octets[sent : sent + min(window, frames.DEFAULT_FRAME_SIZE)]
        assert piece, "the window is not returned"
        sent, window = sent + len(piece), window - len(piece)
        for frame in peer.send(data(1, piece)):
            window += int.from_bytes(frame.payload) if frame.stream_id else 0
        assert window <= frames.DEFAULT_WINDOW
    assert [len(message) for message in peer.logs.messages] == [1_000_000]


async def test_a_large_message_where_there_is_one_only() -> None:
    """Such a call waits for the client once: with its first frame it gets room for the rest."""
    limits = Limits(max_message_bytes=1_000_000)
    peer = Peer(limits=limits, settings={frames.INITIAL_WINDOW_SIZE: 2_000_000})
    peer.send(frames.window_update(0, 2_000_000), peer.request(3))
    octets = framed(bytes(1_000_000))
    (grant,) = peer.send(peer.opening(5), data(5, octets[:10]))
    assert (grant.kind, grant.stream_id) == (frames.WINDOW_UPDATE, 5)
    assert int.from_bytes(grant.payload) == 1_000_010
    pieces = [octets[at : at + 16_384] for at in range(10, len(octets), 16_384)]
    updates = [frame for piece in pieces[:-1] for frame in peer.send(data(5, piece))]
    peer.send(data(5, pieces[-1], end=True))
    assert len(peer.answers[5].message) == 1_000_000
    assert {update.kind for update in updates} == {frames.WINDOW_UPDATE}


async def test_ping() -> None:
    """A PING is answered with its own octets; an answer is not answered."""
    peer = Peer()
    (answer,) = peer.send(frames.frame(frames.PING, 0, 0, b"12345678"))
    assert (answer.kind, answer.flags, answer.payload) == (frames.PING, frames.ACK, b"12345678")
    assert peer.send(frames.frame(frames.PING, frames.ACK, 0, b"12345678")) == []


async def test_what_changes_nothing() -> None:
    """Priorities, unknown frames and unknown settings, and the client's GOAWAY."""
    peer = Peer()
    received = peer.send(
        frames.frame(frames.PRIORITY, 0, 7, b"\0\0\0\1\0"),
        frames.frame(0x42, 0xFF, 0, b"anything"),
        frames.frame(0x42, 0xFF, 5, b"anything"),
        frames.settings({0x99: 1}),
        frames.goaway(0, frames.ErrorCode.NO_ERROR),
        peer.request(1),
    )
    assert received[0].kind == frames.SETTINGS
    assert peer.answers[1].message == b"hello"


async def test_drain_loses_nothing() -> None:
    """GOAWAY in two steps: what the client sent before it knew is answered, then we close."""
    peer = Peer()
    peer.send(peer.request(1, LATER), peer.opening(3, COLLECT))
    peer.connection.drain()
    goaway, ping, *_ = await peer.settled()
    assert goaway.payload == frames.MAX_STREAM_ID.to_bytes(4) + bytes(4) + b"draining"
    assert peer.answers[3].status == "0", "the client stream has been ended"
    pong = frames.frame(frames.PING, frames.ACK, 0, ping.payload)
    received = peer.send(data(3, framed(b"late")), peer.request(5), pong)
    peer.send(peer.request(7))
    assert peer.logs.messages == [b"late"], "what was under way is taken all the same"
    assert peer.answers[5].message == b"hello"
    assert 7 not in peer.answers
    last = [frame for frame in received if frame.kind == frames.GOAWAY]
    assert [frame.payload[:4] for frame in last] == [(5).to_bytes(4)]
    peer.send(data(3, b"", end=True))
    assert not peer.transport.closed
    peer.later[0].set_result(b"done")
    await peer.settled()
    assert peer.answers[1].message == b"done"
    assert peer.transport.closed
    assert not peer.transport.aborted


async def test_a_stream_that_fails_while_its_end_waits() -> None:
    """The status of a failure is not replaced by the OK of the client's end."""
    peer = Peer(
        ClientStreamMethod("/test.Test/Refuse", Refusing),
        settings={frames.INITIAL_WINDOW_SIZE: 0},
    )
    peer.send(peer.opening(1, "/test.Test/Refuse"))
    peer.connection.drain()
    peer.send(data(1, framed(b"a")), data(1, framed(b"b")), data(1, b"", end=True))
    assert not peer.answers[1].ended
    peer.send(frames.window_update(1, 100))
    assert (peer.answers[1].status, peer.answers[1].body) == ("16", framed(b""))


async def test_drain_without_an_answer() -> None:
    """A client that does not answer the PING is told by the next sweep."""
    peer = Peer()
    peer.send(peer.request(1))
    peer.connection.drain()
    peer.connection.sweep()
    assert peer.transport.closed


async def test_drain_of_a_client_that_said_nothing() -> None:
    """Nothing of it can be lost: it is closed at once."""
    peer = Peer(greet=False)
    peer.connection.drain()
    assert peer.transport.closed


async def test_drain_in_the_midst_of_frames() -> None:
    """When the last call is answered in a read that goes on, the rest is still taken."""
    peer = Peer()
    peer.send(peer.opening(1, COLLECT), data(1, b"\0"))
    peer.connection.drain()
    peer.connection.sweep()
    assert not peer.transport.closed
    ping = frames.frame(frames.PING, 0, 0, b"12345678")
    received = peer.send(data(1, b"", end=True), ping)
    assert frames.PING in [frame.kind for frame in received]
    await peer.settled()
    assert peer.transport.closed


F = frames.ErrorCode


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (frames.frame(frames.DATA, 0, 0, b"a"), F.PROTOCOL_ERROR),
        (frames.frame(frames.DATA, 0, 1, b"a"), F.PROTOCOL_ERROR),
        (frames.frame(frames.HEADERS, frames.END_HEADERS, 2, b"\x82"), F.PROTOCOL_ERROR),
        (frames.frame(frames.HEADERS, frames.END_HEADERS, 0, b"\x82"), F.PROTOCOL_ERROR),
        (frames.frame(frames.HEADERS, frames.END_HEADERS, 1, b"\xbe"), F.COMPRESSION_ERROR),
        (frames.frame(frames.HEADERS, frames.END_HEADERS, 1, b"\x7f\x7f\x01"), F.COMPRESSION_ERROR),
        (frames.frame(frames.HEADERS, frames.END_HEADERS | frames.PADDED, 1, b"\5a"), F(1)),
        (frames.frame(frames.HEADERS, frames.PRIORITIZED, 1, b"\0\0"), F.FRAME_SIZE_ERROR),
        (frames.frame(frames.CONTINUATION, 0, 1, b""), F.PROTOCOL_ERROR),
        (frames.frame(frames.PUSH_PROMISE, 0, 1, b"\0\0\0\2"), F.PROTOCOL_ERROR),
        (frames.frame(frames.PING, 0, 0, b"1234567"), F.FRAME_SIZE_ERROR),
        (frames.frame(frames.PING, 0, 1, b"12345678"), F.PROTOCOL_ERROR),
        (frames.frame(frames.SETTINGS, 0, 1), F.PROTOCOL_ERROR),
        (frames.frame(frames.SETTINGS, 0, 0, b"1"), F.FRAME_SIZE_ERROR),
        (frames.frame(frames.SETTINGS, frames.ACK, 0, b"123456"), F.FRAME_SIZE_ERROR),
        (frames.settings({frames.ENABLE_PUSH: 2}), F.PROTOCOL_ERROR),
        (frames.settings({frames.MAX_FRAME_SIZE: 1}), F.PROTOCOL_ERROR),
        (frames.settings({frames.INITIAL_WINDOW_SIZE: 2**31}), F.FLOW_CONTROL_ERROR),
        (frames.frame(frames.RST_STREAM, 0, 0, bytes(4)), F.PROTOCOL_ERROR),
        (frames.frame(frames.RST_STREAM, 0, 1, bytes(4)), F.PROTOCOL_ERROR),
        (frames.frame(frames.GOAWAY, 0, 1, bytes(8)), F.PROTOCOL_ERROR),
        (frames.frame(frames.PRIORITY, 0, 0, bytes(5)), F.PROTOCOL_ERROR),
        (frames.window_update(0, 0), F.PROTOCOL_ERROR),
        (frames.window_update(0, 2**31 - 1), F.FLOW_CONTROL_ERROR),
        (frames.window_update(1, 1), F.PROTOCOL_ERROR),
        (b"\0\x40\1\0\0\0\0\0\1", F.FRAME_SIZE_ERROR),
    ],
)
async def test_faults_of_the_connection(octets: bytes, code: int) -> None:
    """RFC 9113, 5.4.1: GOAWAY with a code and words, then the end; counted."""
    peer = Peer()
    received = peer.send(octets)
    assert goaway_code(received) == code
    assert peer.transport.closed
    assert peer.counted == {"protocol_error": 1}
    assert peer.send(peer.request(1)) == [], "nothing more is taken"


async def test_faults_of_a_stream() -> None:
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
        1: F.STREAM_CLOSED,
        3: F.PROTOCOL_ERROR,
        5: F.FRAME_SIZE_ERROR,
        7: F.PROTOCOL_ERROR,
        9: F.PROTOCOL_ERROR,
        11: F.FLOW_CONTROL_ERROR,
        13: F.STREAM_CLOSED,
    }
    assert peer.answers[15].message == b"hello"
    assert peer.counted == {"stream_error": 7}
    assert peer.send(data(9, b"a"), data(11, b"a")) == [], "what was under way is ignored"


async def test_headers_on_a_closed_stream() -> None:
    """A stream cannot be used again: that is the connection's fault (RFC 9113, 5.1)."""
    peer = Peer()
    received = peer.send(peer.request(1), peer.request(1))
    assert goaway_code(received) == F.STREAM_CLOSED


async def test_frames_between_fields() -> None:
    """Between HEADERS and CONTINUATION nothing else may come, not even the DATA of a call."""
    peer = Peer()
    unfinished = frames.frame(frames.HEADERS, 0, 3, b"\x82")
    received = peer.send(peer.opening(1), unfinished, data(1, framed(b"a"), end=True))
    assert goaway_code(received) == F.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "octets",
    [b"GET / HTTP/1.1\r\n\r\n", frames.PREFACE + frames.frame(frames.PING, 0, 0, bytes(8))],
)
async def test_other_protocols(octets: bytes) -> None:
    """What is not HTTP/2, or begins without SETTINGS of its own, is turned away."""
    peer = Peer(greet=False)
    assert goaway_code(peer.send(octets)) == F.PROTOCOL_ERROR
    assert peer.transport.closed
