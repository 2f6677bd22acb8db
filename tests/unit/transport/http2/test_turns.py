"""Much that comes at once, and other connections that get their turn meanwhile."""

import asyncio
from itertools import pairwise

from adapter.transport.http2 import frames
from adapter.transport.http2.frames import ErrorCode
from adapter.transport.http2.grpc_messages import framed
from adapter.transport.http2.limits import Limits
from adapter.transport.http2.outbox import Outbox
from adapter.transport.service import ClientStreamMethod, Metadata
from tests.unit.transport.http2.peer import COLLECT, ECHO, LATER, MemoryTransport, Peer, data

CALLS = 500
CALLS_A_TURN = 128
FILL = "/test.Test/Fill"


def answered(peer: Peer) -> int:
    """How many calls have their answer."""
    peer.received()
    return sum(answer.ended for answer in peer.answers.values())


async def test_many_calls_at_once_are_answered_in_turns() -> None:
    """All of them, in the end; until then the client is not read from."""
    peer = Peer()
    peer.send(b"".join(peer.request(2 * number + 1) for number in range(CALLS)))
    turns = [answered(peer)]
    assert not peer.transport.reading
    while turns[-1] < CALLS:
        await asyncio.sleep(0)
        turns.append(answered(peer))
    assert max(b - a for a, b in pairwise([0, *turns])) <= CALLS_A_TURN
    await peer.settled()
    assert peer.transport.reading


async def test_another_connection_is_answered_meanwhile() -> None:
    """It does not wait for the last call of a client that sends very many at once."""
    flood, other = Peer(), Peer()
    flood.send(b"".join(flood.opening(2 * number + 1, "/unknown") for number in range(2_000)))
    other.send(other.request(1))
    assert other.answers[1].message == b"hello"
    assert answered(flood) < 2_000 / 2


async def test_long_blocks_of_fields_are_taken_in_turns() -> None:
    """Each takes as long as a hundred calls, so that two of them are enough for a turn."""
    peer = Peer()
    block = peer.fields() + peer.encoder.encode([("x-new", "1")])
    block += peer.encoder.encode([("x-new", "1")]) * 16_000
    peer.send(*(frames.headers(number, block) for number in range(1, 21, 2)))
    turns = [answered(peer)]
    while turns[-1] < 10:
        await asyncio.sleep(0)
        turns.append(answered(peer))
    assert max(b - a for a, b in pairwise([0, *turns])) <= 2


async def test_what_comes_while_frames_wait_keeps_its_place() -> None:
    """Also where it comes although reading was paused, as from TLS."""
    peer = Peer()
    requests = [peer.request(2 * number + 1) for number in range(CALLS)]
    for part in (requests[:300], requests[300:301], requests[301:]):
        peer.connection.data_received(b"".join(part))
    await peer.settled()
    assert answered(peer) == CALLS
    assert list(peer.answers) == sorted(peer.answers)


async def test_a_client_that_does_not_read_stays_paused_when_its_frames_are_taken() -> None:
    """Either reason is enough not to read from it."""
    peer = Peer()
    peer.send(b"".join(peer.request(2 * number + 1) for number in range(CALLS)))
    peer.connection.pause_writing()
    await peer.settled()
    assert answered(peer) == CALLS
    assert not peer.transport.reading
    peer.connection.resume_writing()
    assert peer.transport.reading


async def test_a_client_that_leaves_takes_its_frames_along() -> None:
    """Nothing is answered that nobody waits for."""
    peer = Peer()
    peer.send(b"".join(peer.request(2 * number + 1) for number in range(CALLS)))
    before = answered(peer)
    peer.connection.connection_lost(None)
    await peer.settled()
    assert answered(peer) == before


async def test_tiny_messages_of_one_read_are_taken_in_turns() -> None:
    """A body of many messages counts for as much as it may hold."""
    peer = Peer()
    body = framed(b"") * 3_000
    peer.send(peer.opening(1, COLLECT), *(data(1, body) for _ in range(12)))
    turns = [len(peer.logs.messages)]
    while turns[-1] < 36_000:
        await asyncio.sleep(0)
        turns.append(len(peer.logs.messages))
    assert max(b - a for a, b in pairwise([0, *turns])) <= 15_000


class Filled:
    """A consumer that has enough until it is told otherwise."""

    def __init__(self) -> None:
        self.room: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.messages: list[bytes] = []

    def open(self, metadata: Metadata) -> "Filled":
        """A stream begins."""
        return self

    def consume(self, message: bytes) -> asyncio.Future[None]:
        """See `StreamConsumer`."""
        self.messages.append(message)
        return self.room

    def finish(self) -> None:
        """See `StreamConsumer`."""


async def test_a_stream_waits_for_its_consumer() -> None:
    """It gets no more window, is not taken for a slow one, and goes on when there is room."""
    consumer = Filled()
    peer = Peer(ClientStreamMethod(FILL, consumer.open))
    large = framed(bytes(40_000))
    pieces = [large[at : at + 16_000] for at in range(0, len(large), 16_000)]
    received = peer.send(peer.opening(1, FILL), *(data(1, piece) for piece in pieces))
    received += peer.send(data(1, large[:100]))
    assert not [f for f in received if f.kind == frames.WINDOW_UPDATE and f.stream_id == 1]
    assert peer.shared.held.octets == 40_000 + 100
    for _ in range(3):
        peer.connection.sweep()
    assert peer.counted == {}
    consumer.room.set_result(None)
    (update,) = await peer.settled()
    assert (update.kind, update.stream_id) == (frames.WINDOW_UPDATE, 1)
    assert int.from_bytes(update.payload) == len(large) + 100
    assert peer.shared.held.octets == 100


async def test_what_a_consumer_has_not_taken_counts_when_its_stream_is_gone() -> None:
    """Or a client could have us keep as much as it likes, by one stream after the other."""
    consumer = Filled()
    limits = Limits(max_message_bytes=20_000, max_held_bytes=30_000)
    peer = Peer(ClientStreamMethod(FILL, consumer.open), limits=limits)
    for stream_id in (1, 3, 5):
        peer.send(peer.opening(stream_id, FILL), data(stream_id, framed(bytes(16_000)), end=True))
    assert [peer.answers[stream_id].status for stream_id in (1, 3, 5)] == ["0", "0", "8"]
    assert peer.counted == {"held_bytes": 1}
    consumer.room.set_result(None)
    await peer.settled()
    assert peer.shared.held.octets == 0


async def test_settings_between_calls_are_a_flood_too() -> None:
    """Each looks at all streams, so that calls between them make them no cheaper."""
    peer = Peer(limits=Limits(max_settings=5))
    initial = frames.settings({frames.INITIAL_WINDOW_SIZE: 70_000})
    for number in range(4):
        peer.send(initial, peer.request(2 * number + 1))
    peer.connection.sweep()
    for number in range(4, 9):
        peer.send(initial, peer.request(2 * number + 1))
    assert peer.counted == {}
    peer.send(initial)
    assert peer.counted == {"settings_flood": 1}
    assert peer.transport.closed


class Waiting:
    """An answer whose stream has no window; counts how often that is looked at."""

    def __init__(self, stream_id: int) -> None:
        self.id = stream_id
        self.looks = 0
        self.pending = bytearray(b"answer")
        self.ending: bytes | None = None

    @property
    def window(self) -> int:
        """None."""
        self.looks += 1
        return 0

    @window.setter
    def window(self, size: int) -> None:
        """It gets none."""


async def test_window_updates_do_not_look_at_streams_that_wait_for_their_own_window() -> None:
    """Thousands of them, at each of many small updates of the connection's window."""
    outbox = Outbox(MemoryTransport({}))
    waiting = [Waiting(2 * number + 1) for number in range(100)]
    for stream in waiting:
        assert not outbox.push(stream)
    for _ in range(100):
        assert list(outbox.widen(1)) == []
    assert sum(stream.looks for stream in waiting) == 100


async def test_the_last_stream_that_there_may_be() -> None:
    """After it a client needs another connection; until then all is well."""
    peer = Peer()
    peer.send(peer.request(frames.MAX_STREAM_ID))
    assert peer.answers[frames.MAX_STREAM_ID].message == b"hello"
    peer.send(frames.frame(frames.PING, 0, 0, bytes(8)))
    assert not peer.transport.closed
    peer.send(peer.opening(1, ECHO))
    assert peer.transport.closed
    assert peer.counted == {"protocol_error": 1}


async def test_resets_of_calls_that_wait_are_counted_whatever_comes_between() -> None:
    """Answered calls between them do not make room for more (CVE-2023-44487)."""
    peer = Peer(limits=Limits(max_resets=10))
    peer.send(peer.request(1))
    for number in range(1, 12):
        peer.send(peer.request(4 * number - 1, LATER), peer.request(4 * number + 1))
        peer.send(frames.rst_stream(4 * number - 1, ErrorCode.CANCEL))
    assert peer.counted == {"reset_flood": 1}
