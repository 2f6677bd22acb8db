"""Messages that take long to read, and Checks that get their turn meanwhile."""

import asyncio
from itertools import pairwise

import pytest
from envoy.service.accesslog.v3 import als_pb2 as als

from tests.unit.analytics.envoy_log import http_entry, message, message_of
from tests.unit.analytics.test_access_log import Service

FIELDS_A_TURN = 64
OCTETS_A_TURN = 64 * 1024
LARGEST_ENTRY = 128 * 1024
LARGEST_PIECE = OCTETS_A_TURN + LARGEST_ENTRY
ENTRY = http_entry().SerializeToString()


async def turns_for(rig: Service, octets: bytes) -> list[int]:
    """How many octets of a message are read in each turn of the event loop."""
    rig.service.open({}).consume(octets)
    left = [len(octets), rig.service.waiting_octets]
    while left[-1]:
        await asyncio.sleep(0)
        left.append(rig.service.waiting_octets)
    return [before - after for before, after in pairwise(left)]


@pytest.mark.parametrize(
    "octets",
    [
        message_of(*[b""] * 20_000),
        b"\x12\x00" * 20_000,
        b"\x1a\x00" * 20_000,
        b"\x0a\x00" * 20_000,
        b"\x20\x01" * 20_000,
        message_of() + b"\x12\xc0\xb8\x02" + b"\x10\x01" * 20_000,
    ],
    ids=["empty entries", "empty logs", "of TCP", "identifiers", "unknown fields", "among entries"],
)
async def test_many_small_fields_take_many_turns(octets: bytes) -> None:
    """Whatever they are, no turn reads more of them than of ordinary entries."""
    turns = await turns_for(Service(), octets)
    assert max(turns) <= 4 * FIELDS_A_TURN + 8
    assert len(turns) > 100


async def test_many_entries_take_many_turns_and_all_arrive() -> None:
    """Both kinds, in their order."""
    rig = Service()
    both = als.StreamAccessLogsMessage.FromString(message_of(*[ENTRY] * 700)).SerializeToString()
    turns = await turns_for(rig, both)
    assert max(turns) <= FIELDS_A_TURN * (len(ENTRY) + 4)
    assert len(await rig.events()) == 700


async def test_large_entries_come_one_after_the_other() -> None:
    """A turn takes no more of them than of small ones, in octets."""
    rig = Service(room=10_000)
    large = http_entry(path="/" + "x" * 60_000).SerializeToString()
    turns = await turns_for(rig, message_of(*[large] * 40))
    assert max(turns) <= LARGEST_PIECE
    assert len(await rig.events()) == 40


@pytest.mark.parametrize(
    "huge",
    [
        http_entry(path="x" * 8_000_000).SerializeToString(),
        message(http_entry(headers={str(n): "v" for n in range(100_000)}))
        .http_logs.log_entry[0]
        .SerializeToString(),
        b"\x10\x01" * 2_000_000,
    ],
    ids=["path", "headers", "unknown fields"],
)
async def test_an_entry_of_megabytes_costs_only_itself(huge: bytes) -> None:
    """It is counted, not read; its neighbours arrive."""
    rig = Service()
    await turns_for(rig, message_of(ENTRY, huge, ENTRY))
    assert len(await rig.events()) == 2
    assert rig.observer.counts == {"offered": 2, "broken": 1}


async def test_the_headers_of_a_usual_entry_may_be_long() -> None:
    """What Envoy logs of the largest request that it takes by default makes an event."""
    rig = Service()
    entry = http_entry(path="/" + "p" * 50_000, headers={"x": "y" * 50_000}, trailers={"x": "y"})
    rig.service.open({}).consume(message(entry).SerializeToString())
    assert len(await rig.events()) == 1


async def test_an_introduction_of_megabytes_costs_no_entry() -> None:
    """It is skipped without being read."""
    rig = Service()
    sent = message(http_entry())
    sent.identifier.node.id = "x" * 4_000_000
    rig.service.open({}).consume(sent.SerializeToString())
    assert len(await rig.events()) == 1


async def test_what_breaks_off_costs_only_what_follows() -> None:
    """Entries before it arrive; the rest of the message is one broken thing."""
    rig = Service()
    rig.service.open({}).consume(message_of(ENTRY, ENTRY)[:-5])
    assert len(await rig.events()) == 0, "a length that is not there is the whole message's"
    rig.service.open({}).consume(message_of(ENTRY, ENTRY) + b"\xff\xff\xff" + message_of(ENTRY))
    assert len(await rig.events()) == 2
    assert rig.observer.counts == {"offered": 2, "broken": 2}


async def test_messages_of_one_moment_share_its_turn() -> None:
    """Many small messages that come at once take no more of it than one large one."""
    rig = Service()
    stream = rig.service.open({})
    for _ in range(500):
        stream.consume(message_of(ENTRY))
    assert rig.spool.backlog.events < FIELDS_A_TURN
    assert len(await rig.events()) == 500


async def test_a_stream_has_to_wait_while_too_much_waits() -> None:
    """Its messages do not pile up here, and it may go on when about half has been read."""
    rig = Service(room=100_000)
    stream = rig.service.open({})
    assert stream.consume(message_of(*[ENTRY] * 10)) is None
    room = stream.consume(message_of(*[ENTRY] * 5_000))
    assert room is not None
    assert stream.consume(message_of(ENTRY)) is room
    await asyncio.wait_for(room, 30)
    assert 0 < rig.service.waiting_octets <= 512 * 1024
    assert stream.consume(message_of(ENTRY)) is None
    assert len(await rig.events()) == 5_012
