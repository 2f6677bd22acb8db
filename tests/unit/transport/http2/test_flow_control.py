"""Windows of both directions, and the settings that a client may change while streams are open."""

import pytest

from adapter.transport.http2 import frames
from adapter.transport.http2.grpc_messages import framed
from adapter.transport.http2.limits import Limits
from tests.unit.transport.http2.peer import (
    COLLECT,
    Peer,
    data,
)


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


async def test_a_new_initial_window_changes_open_streams() -> None:
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


async def test_answers_are_cut_into_frames_of_the_clients_size() -> None:
    """Large answers are cut into frames of the size that the client takes."""
    peer = Peer(settings={frames.INITIAL_WINDOW_SIZE: 1 << 20, frames.MAX_FRAME_SIZE: 20_000})
    received = peer.send(*large_request(peer, 1, bytes(50_000)))
    sizes = [len(frame.payload) for frame in received if frame.kind == frames.DATA]
    assert sizes == [20_000, 20_000, 10_005]


@pytest.mark.parametrize("size", [0, 100, 4095])
async def test_no_header_table_where_the_client_grants_a_small_one(size: int) -> None:
    """Where the client grants less than the usual table we use none, and say so first."""
    peer = Peer(settings={frames.HEADER_TABLE_SIZE: size})
    first, *_ = (f for f in peer.send(peer.request(1)) if f.kind == frames.HEADERS)
    assert first.payload[0] == 0x20
    assert first.payload[1] == 0x88
    peer.send(peer.request(3), peer.request(5, "/test.Test/Unknown"))
    assert [a.status for a in peer.answers.values()] == ["0", "0", "12"]


async def test_no_header_table_after_the_client_shrinks_it() -> None:
    """The same holds when the table shrinks later, whatever the next answer is."""
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

    So a large message is sent in pieces, with other calls in between.
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
