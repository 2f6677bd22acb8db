"""HTTP/2 and gRPC on one connection, octet by octet."""

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from adapter.transport.http2 import frames
from adapter.transport.http2.grpc_messages import framed
from tests.unit.transport.http2.peer import (
    COLLECT,
    LATER,
    Peer,
    data,
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


async def test_a_request_may_arrive_octet_by_octet() -> None:
    """Frames may come in any pieces."""
    peer = Peer(greet=False)
    everything = frames.PREFACE + frames.settings({}) + peer.request(1) + peer.request(3)
    for octet in everything:
        peer.send(bytes((octet,)))
    assert [a.message for a in peer.answers.values()] == [b"hello", b"hello"]


@given(st.lists(st.integers(0, 30), max_size=5), st.booleans(), st.booleans())
def test_a_message_may_be_spread_over_any_frames(
    cuts: list[int], padded: bool, ended_apart: bool
) -> None:
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


async def test_fields_may_be_spread_over_any_frames() -> None:
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


async def test_a_slow_call_delays_no_other_call() -> None:
    """A slow call delays no other call. Answers that are ready together go out in one write."""
    peer = Peer()
    peer.send(peer.request(1, LATER), peer.request(3, LATER), peer.request(5))
    assert list(peer.answers) == [5]
    peer.transport.writes = 0
    peer.later[1].set_result(b"second")
    peer.later[0].set_result(b"first")
    await peer.settled()
    assert peer.transport.writes == 1
    assert (peer.answers[1].message, peer.answers[3].message) == (b"first", b"second")


async def test_a_reset_cancels_the_call() -> None:
    """RST_STREAM cancels a running call, which is not answered."""
    peer = Peer()
    peer.send(peer.request(1, LATER), peer.opening(3))
    peer.send(*(frames.rst_stream(i, frames.ErrorCode.CANCEL) for i in (1, 3)))
    await peer.settled()
    assert peer.later[0].cancelled()
    assert peer.answers == {}
    assert peer.observed.failed == []


async def test_a_lost_connection_cancels_its_calls() -> None:
    """Running calls are cancelled, and client streams are finished."""
    peer = Peer()
    peer.send(peer.request(1, LATER), peer.opening(3, COLLECT), data(3, framed(b"a")))
    peer.connection.connection_lost(None)
    await peer.settled()
    assert peer.later[0].cancelled()
    assert (peer.logs.messages, peer.logs.finished) == ([b"a"], 1)
    assert len(peer.shared.guests) == 0


async def test_a_call_past_its_deadline_is_cancelled() -> None:
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


async def test_a_client_stream_gets_its_messages_as_they_come() -> None:
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


async def test_a_ping_is_answered_once() -> None:
    """A PING is answered with its own octets; an answer is not answered."""
    peer = Peer()
    (answer,) = peer.send(frames.frame(frames.PING, 0, 0, b"12345678"))
    assert (answer.kind, answer.flags, answer.payload) == (frames.PING, frames.ACK, b"12345678")
    assert peer.send(frames.frame(frames.PING, frames.ACK, 0, b"12345678")) == []


async def test_frames_without_meaning_are_ignored() -> None:
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
