"""What a client may do that has not made a call that we accept."""

import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest

from adapter.transport.http2 import frames
from adapter.transport.http2.calls import Route
from adapter.transport.http2.frames import ErrorCode
from adapter.transport.http2.grpc_messages import framed
from adapter.transport.http2.health import Health
from adapter.transport.http2.limits import Limits
from tests.unit.transport.http2.peer import COLLECT, ECHO, Peer, data, goaway_code, reset_codes

TOKEN = ("x-adapter-token", "secret")
HEALTH_CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
TWO = Limits(max_connections=2)


def health() -> tuple[Route, ...]:
    """The routes of the health service."""
    return Health().methods


def asked(peer: Peer, stream_id: int) -> bytes:
    """A health check."""
    return peer.request(stream_id, HEALTH_CHECK, HealthCheckRequest().SerializeToString())


def known(peer: Peer, stream_id: int = 1) -> Peer:
    """The peer, after a call with the token."""
    peer.send(peer.opening(stream_id, ECHO, TOKEN), data(stream_id, framed(b"hello"), end=True))
    assert peer.answers[stream_id].message == b"hello"
    return peer


@pytest.mark.parametrize(
    ("path", "kind"), [(ECHO, "unauthenticated"), (COLLECT, "stream_unauthenticated")]
)
async def test_a_call_without_the_token_is_answered_before_its_message(
    path: str, kind: str
) -> None:
    """Its fields are enough; what it sends afterwards is not kept."""
    peer = Peer(token="secret")
    received = peer.send(peer.opening(1, path))
    assert peer.answers[1].status == "16"
    assert peer.answers[1].ended
    assert reset_codes(received) == {1: ErrorCode.NO_ERROR}
    peer.send(data(1, framed(bytes(10_000))[:9_000]))
    assert peer.shared.held.octets == 0
    assert (peer.counted, peer.observed.failed) == ({kind: 1}, [(path, 16)])
    assert peer.logs.opened == 0


async def test_a_call_with_the_token_is_answered_beside_one_without() -> None:
    """The token is each call's, not the connection's."""
    peer = known(Peer(token="secret"))
    peer.send(peer.request(3), peer.opening(5, ECHO, TOKEN), data(5, framed(b"a"), end=True))
    assert (peer.answers[3].status, peer.answers[5].message) == ("16", b"a")


async def test_a_large_first_call_is_taken() -> None:
    """A stranger's limits end with the fields of its first call, not with its answer."""
    peer = Peer(token="secret")
    large = framed(bytes(60_000))
    pieces = [data(1, large[i : i + 16_000]) for i in range(0, len(large), 16_000)]
    peer.send(peer.opening(1, ECHO, TOKEN), *pieces, data(1, b"", end=True))
    await peer.settled()
    assert len(peer.answers[1].message) == 60_000


async def test_a_stranger_cannot_make_us_hold_a_large_message() -> None:
    """A health check needs only a few bytes."""
    peer = Peer(*health(), token="secret")
    peer.send(peer.opening(1, HEALTH_CHECK), data(1, framed(bytes(1_000_000))[:16_000]))
    assert peer.answers[1].status == "8"
    assert peer.shared.held.octets == 0


async def test_a_stranger_gets_few_streams_and_a_small_window() -> None:
    """It cannot make us hold much by many calls at once, either."""
    peer = Peer(*health(), token="secret")
    ids = range(1, 41, 2)
    received = peer.send(*(peer.opening(i, HEALTH_CHECK) for i in ids))
    assert set(reset_codes(received).values()) == {ErrorCode.REFUSED_STREAM}
    assert len(reset_codes(received)) == 4
    assert peer.shared.strangers_limits.connection_window < 140_000


async def test_a_connection_without_an_accepted_call_is_closed() -> None:
    """Within two sweeps, whether it is silent or keeps on calling without the token."""
    silent, wrong = Peer(token="secret"), Peer(token="secret")
    for peer in (silent, wrong):
        for number in range(3):
            if peer is wrong:
                peer.send(peer.request(2 * number + 1))
            assert not peer.transport.closed
            peer.connection.sweep()
        assert goaway_code(await peer.settled()) == ErrorCode.NO_ERROR
        assert peer.counted["no_call"] == 1


async def test_a_health_checker_may_stay() -> None:
    """Envoy asks for our health on a connection of its own, without a token."""
    checking, watching = Peer(*health(), token="secret"), Peer(*health(), token="secret")
    watching.send(watching.opening(1, WATCH), data(1, framed(b""), end=True))
    for number in range(5):
        checking.send(asked(checking, 2 * number + 1))
        checking.connection.sweep()
        watching.connection.sweep()
    assert len(checking.answers) == 5
    assert not checking.transport.closed
    assert not watching.transport.closed


async def test_without_a_token_any_call_makes_a_client_known() -> None:
    """Then nothing else tells an Envoy from others."""
    peer = Peer()
    peer.send(peer.request(1))
    peer.connection.sweep()
    peer.connection.sweep()
    assert not peer.transport.closed


async def test_strangers_keep_nobody_out() -> None:
    """When all connections are taken, the stranger that came first has to leave."""
    first = Peer(token="secret", limits=TWO)
    second = Peer(beside=first)
    assert first.shared.guests.make_room()
    third = known(Peer(beside=first))
    assert (first.transport.aborted, second.transport.aborted) == (True, False)
    assert first.shared.guests.make_room()
    known(Peer(beside=first))
    assert second.transport.aborted
    assert not first.shared.guests.make_room(), "known clients are not sent away for a stranger"
    assert not third.transport.aborted
    assert first.counted == {"connections": 3}


async def test_a_health_checker_leaves_after_those_that_do_nothing() -> None:
    """Having been of use counts."""
    checking = Peer(*health(), token="secret", limits=TWO)
    silent = Peer(beside=checking)
    checking.send(asked(checking, 1))
    assert checking.shared.guests.make_room()
    assert (checking.transport.aborted, silent.transport.aborted) == (False, True)


async def test_all_connections_together_hold_so_much() -> None:
    """Beyond, large messages are refused; what is given up makes room again."""
    limits = Limits(max_message_bytes=100_000, max_held_bytes=50_000)
    first = known(Peer(token="secret", limits=limits))
    second = known(Peer(beside=first))
    part = framed(bytes(60_000))[:15_000]
    for number, peer in enumerate((first, second, first, second)):
        peer.send(peer.opening(2 * number + 3, ECHO, TOKEN), data(2 * number + 3, part))
    assert first.shared.held.octets == 45_000
    assert second.answers[9].status == "8"
    assert first.counted == {"held_bytes": 1}
    second.send(second.opening(11, ECHO, TOKEN), data(11, framed(b"small"), end=True))
    assert second.answers[11].message == b"small"
    first.connection.connection_lost(None)
    assert first.shared.held.octets == 15_000
    second.send(frames.rst_stream(5, ErrorCode.CANCEL))
    assert first.shared.held.octets == 0


async def test_idle_connections_make_room_sooner_where_there_is_little() -> None:
    """A client that made a call once cannot hold a place for a quarter of an hour."""
    limits = Limits(max_connections=2, idle_sweeps=90, crowded_idle_sweeps=2)
    alone = known(Peer(token="secret", limits=Limits(max_connections=3, crowded_idle_sweeps=2)))
    first = known(Peer(token="secret", limits=limits))
    second = known(Peer(beside=first))
    for _ in range(3):
        for peer in (alone, first, second):
            peer.connection.sweep()
    await second.settled()
    assert not alone.transport.closed
    assert first.counted == {"idle": 2}
