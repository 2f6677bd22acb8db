"""A connection that drains loses no call, and closes when the last one is answered."""

from adapter.transport.http2 import frames
from adapter.transport.http2.grpc_messages import framed
from adapter.transport.service import ClientStreamMethod
from tests.unit.transport.http2.peer import (
    COLLECT,
    LATER,
    Peer,
    Refusing,
    data,
)


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


async def test_drain_closes_a_client_that_does_not_answer_the_ping() -> None:
    """A client that does not answer the PING is told by the next sweep."""
    peer = Peer()
    peer.send(peer.request(1))
    peer.connection.drain()
    peer.connection.sweep()
    assert peer.transport.closed


async def test_drain_closes_a_client_that_sent_nothing_at_once() -> None:
    """Nothing of it can be lost: it is closed at once."""
    peer = Peer(greet=False)
    peer.connection.drain()
    assert peer.transport.closed


async def test_drain_reads_all_that_has_arrived() -> None:
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
