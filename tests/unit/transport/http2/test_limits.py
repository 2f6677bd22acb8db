"""What a hostile client can't do, and how it is counted."""

from types import SimpleNamespace

import pytest

from adapter.transport.http2 import frames
from adapter.transport.http2.frames import ErrorCode
from adapter.transport.http2.grpc_messages import framed
from adapter.transport.http2.limits import Limits
from tests.unit.transport.http2.peer import (
    COLLECT,
    ECHO,
    LATER,
    Peer,
    data,
    goaway_code,
    reset_codes,
)

FEW = Limits(
    max_connections=2,
    max_streams=2,
    max_message_bytes=100,
    max_header_list_bytes=1000,
    max_block_bytes=500,
    max_continuations=3,
    max_resets=3,
    max_control_frames=5,
    idle_sweeps=3,
)


def assert_dismissed(peer: Peer, octets: bytes, kind: str) -> None:
    """The client is told to calm down, the connection closed, the reason counted."""
    assert goaway_code(peer.send(octets)) == ErrorCode.ENHANCE_YOUR_CALM
    assert peer.transport.closed
    assert peer.counted == {kind: 1}


async def test_another_protocol_by_alpn() -> None:
    """A TLS client that did not ask for h2 is turned away."""
    tls = SimpleNamespace(selected_alpn_protocol=lambda: None)
    peer = Peer(greet=False, extra={"ssl_object": tls})
    assert peer.transport.aborted
    assert peer.counted == {"no_alpn": 1}


async def test_streams() -> None:
    """A call too many is refused so that the client may try it again; the table stays in step."""
    peer = Peer(limits=FEW)
    received = peer.send(
        *(peer.opening(1), peer.request(3, LATER), peer.opening(5, ECHO, ("x-new", "1"))),
        data(1, framed(b"a"), end=True),
        *(peer.opening(7, ECHO, ("x-new", "1")), data(7, framed(b"b"), end=True)),
    )
    assert reset_codes(received) == {5: ErrorCode.REFUSED_STREAM}
    assert (peer.answers[1].message, peer.answers[7].message) == (b"a", b"b")
    assert peer.counted == {"streams": 1}


async def test_header_lists() -> None:
    """Too many fields are refused in their own call; the table stays in step."""
    peer = Peer(limits=FEW)
    large = ("x-large", "0" * 300)
    peer.send(frames.headers(1, peer.fields(ECHO, large, large, large)))
    assert peer.answers[1].status == "8"
    peer.send(peer.request(3))
    assert peer.answers[3].message == b"hello"
    assert peer.counted == {"header_list": 1}


async def test_hpack_bombs() -> None:
    """A block that names a large entry thousands of times costs no memory of that size."""
    peer = Peer()
    bomb = peer.fields() + peer.encoder.encode([("x-large", "0" * 3900)])
    bomb += peer.encoder.encode([("x-large", "0" * 3900)]) * 10_000
    peer.send(frames.headers(1, bomb))
    assert peer.answers[1].status == "8"
    assert peer.counted == {"header_list": 1}


async def test_endless_fields() -> None:
    """CONTINUATION frames without end, large or empty, end the connection (CVE-2024-27316)."""
    large = Peer(limits=FEW)
    begin = frames.frame(frames.HEADERS, 0, 1, bytes(200))
    more = frames.frame(frames.CONTINUATION, 0, 1, bytes(200))
    assert_dismissed(large, begin + more * 2, "field_block")
    empty = Peer(limits=FEW)
    nothing = frames.frame(frames.CONTINUATION, 0, 1)
    assert_dismissed(empty, begin + nothing * 4, "field_block")


async def test_rapid_reset() -> None:
    """Calls opened only to be called off end the connection (CVE-2023-44487)."""
    peer = Peer(limits=FEW)
    pairs = [peer.opening(i) + frames.rst_stream(i, ErrorCode.CANCEL) for i in (1, 3, 5, 7)]
    assert_dismissed(peer, b"".join(pairs), "reset_flood")


async def test_resets_of_answered_calls() -> None:
    """Calling off what has been answered already is no attack."""
    peer = Peer(limits=FEW)
    for i in range(1, 21, 2):
        peer.send(peer.request(i), frames.rst_stream(i, ErrorCode.CANCEL))
    assert peer.counted == {}
    assert len(peer.answers) == 10


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (frames.frame(frames.PING, 0, 0, bytes(8)), "ping_flood"),
        (frames.settings({}), "settings_flood"),
        (frames.frame(frames.PRIORITY, 0, 9, b"\0\0\0\1\0"), "control_flood"),
        (frames.window_update(0, 1), "control_flood"),
        (frames.frame(0x42, 0, 0, b""), "control_flood"),
        (frames.frame(frames.DATA, 0, 3, b""), "control_flood"),
        (frames.frame(frames.RST_STREAM, 0, 1, bytes(4)), "control_flood"),
    ],
)
async def test_floods(octets: bytes, kind: str) -> None:
    """Frames that carry no call are taken in bounded number (CVE-2019-9512, 9515, 9518)."""
    peer = Peer(limits=FEW)
    peer.send(peer.request(1), peer.opening(3, COLLECT))
    peer.send(octets * 5)
    assert_dismissed(peer, octets, kind)


async def test_frames_between_calls() -> None:
    """Their number begins anew with each call, and with each sweep."""
    peer = Peer(limits=FEW)
    ping = frames.frame(frames.PING, 0, 0, bytes(8))
    for i in (1, 3, 5):
        peer.send(ping * 4, peer.request(i))
    for _ in range(3):
        peer.send(ping * 4)
        peer.connection.sweep()
    assert peer.counted == {}


async def test_message_size() -> None:
    """A message over the limit is refused by its length, before its octets have come."""
    peer = Peer(limits=FEW)
    large = framed(bytes(101))
    received = peer.send(
        *(peer.opening(1), data(1, large, end=True), peer.opening(3), data(3, large[:5])),
        data(3, large[5:], end=True),
    )
    assert [a.status for a in peer.answers.values()] == ["8", "8"]
    assert reset_codes(received) == {3: ErrorCode.NO_ERROR}
    assert peer.counted == {"message_size": 2}
    peer.send(peer.opening(5, COLLECT), data(5, framed(bytes(100)) + large))
    assert (len(peer.logs.messages), peer.logs.finished) == (1, 1)


async def test_slow_bodies() -> None:
    """A message that is not whole at two sweeps is given up, wherever it stopped."""
    peer = Peer()
    peer.send(peer.opening(1), peer.opening(3), data(3, b"\0"), peer.opening(5, COLLECT))
    peer.send(data(5, framed(b"a") + b"\0"), peer.opening(7, COLLECT))
    peer.connection.sweep()
    assert peer.counted == {}
    peer.send(peer.opening(9))
    peer.connection.sweep()
    assert reset_codes(await peer.settled()) == dict.fromkeys((1, 3, 5), ErrorCode.CANCEL)
    assert peer.counted == {"slow_body": 3}
    assert peer.logs.finished == 1
    peer.send(data(9, framed(b"in time"), end=True), data(7, framed(b"b")))
    assert peer.answers[9].message == b"in time"
    assert peer.logs.messages == [b"a", b"b"], "a stream between two messages may rest"


async def test_a_busy_stream_is_not_slow() -> None:
    """A stream that is in the midst of a message at each sweep, but of another, goes on."""
    peer = Peer()
    octets = framed(b"abc")
    peer.send(peer.opening(1, COLLECT), data(1, octets[:4]))
    for _ in range(3):
        peer.connection.sweep()
        peer.send(data(1, octets[4:] + octets[:4]))
    assert len(peer.logs.messages) == 3
    assert peer.counted == {}


async def test_zero_windows() -> None:
    """An answer that the client gives no window for is given up."""
    peer = Peer(settings={frames.INITIAL_WINDOW_SIZE: 0})
    peer.send(peer.request(1), peer.request(3))
    peer.connection.sweep()
    peer.send(frames.window_update(3, 100))
    peer.connection.sweep()
    assert reset_codes(await peer.settled()) == {1: ErrorCode.CANCEL}
    assert peer.answers[3].message == b"hello"
    assert peer.counted == {"zero_window": 1}


async def test_slow_readers() -> None:
    """From a client that does not read we don't read either, and after two sweeps we leave."""
    peer = Peer()
    peer.connection.pause_writing()
    assert not peer.transport.reading
    peer.connection.sweep()
    peer.connection.resume_writing()
    assert peer.transport.reading
    peer.connection.pause_writing()
    peer.connection.sweep()
    assert not peer.transport.aborted, "it has read in between"
    peer.connection.sweep()
    assert peer.transport.aborted
    assert peer.counted == {"slow_reader": 1}


async def test_a_close_that_does_not_come_about() -> None:
    """A client that does not take our last words is cut off."""
    peer = Peer()
    peer.send(frames.window_update(0, 0))
    assert peer.transport.closed
    peer.connection.sweep()
    peer.connection.sweep()
    assert peer.transport.aborted


@pytest.mark.parametrize("octets", [b"", frames.PREFACE[:7], frames.PREFACE])
async def test_slow_prefaces(octets: bytes) -> None:
    """A client that does not say what it wants is cut off."""
    peer = Peer(greet=False)
    peer.send(octets)
    peer.connection.sweep()
    peer.connection.sweep()
    assert peer.transport.aborted
    assert peer.counted == {"slow_preface": 1}


async def test_idle_connections() -> None:
    """A connection without calls is left, gracefully; one with an open stream is not idle."""
    peer = Peer(limits=FEW)
    peer.send(peer.request(1))
    busy = Peer(limits=FEW)
    busy.send(busy.opening(1, COLLECT))
    for _ in range(5):
        peer.connection.sweep()
        busy.connection.sweep()
    assert goaway_code(await peer.settled()) == ErrorCode.NO_ERROR
    assert (peer.transport.closed, peer.transport.aborted) == (True, False)
    assert peer.counted == {"idle": 1}
    assert not busy.transport.closed


async def test_windows_hold() -> None:
    """What a client makes us hold, by messages that it does not end, the connection bounds."""
    peer = Peer(limits=Limits(max_message_bytes=65_536))
    received = []
    for stream_id in (1, 3, 5):
        received += peer.send(peer.opening(stream_id), data(stream_id, b"\0\0\1\0\0"))
        for _ in range(4):
            received += peer.send(data(stream_id, bytes(16_000)))
    assert goaway_code(received) == ErrorCode.FLOW_CONTROL_ERROR
