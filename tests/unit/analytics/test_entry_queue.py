"""The queue of access log messages: what is read in one turn, and when a sender has to wait."""

import asyncio

from adapter.analytics.entry_queue import EntryQueue
from adapter.analytics.log_message import LogMessage
from tests.unit.analytics.envoy_log import message_of

ENTRY = bytes(1000)
FIELDS = 8
MOST_FIELDS = 8 * FIELDS


class Reader:
    """Reads the messages of a queue, and records how many entries each turn brought."""

    def __init__(self) -> None:
        self.read: list[bytes] = []
        self.times_empty = 0
        self.queue = EntryQueue(self._read_slice, self._when_empty)

    async def turns(self) -> list[int]:
        """How many entries were read at once, and then in each iteration of the event loop."""
        sizes = [len(self.read)]
        while self.queue.waiting_octets:
            before = len(self.read)
            await asyncio.sleep(0)
            sizes.append(len(self.read) - before)
        return sizes

    def _read_slice(self, message: LogMessage, octets: int) -> None:
        self.read += message.take(FIELDS, octets)

    def _when_empty(self) -> None:
        self.times_empty += 1


async def test_a_small_message_is_read_at_once() -> None:
    """Nothing is scheduled for later when the adapter is idle."""
    reader = Reader()
    assert reader.queue.add(message_of(b"a", b"b")) is None
    assert (reader.read, reader.queue.waiting_octets) == ([b"a", b"b"], 0)


async def test_a_message_of_the_same_iteration_waits_for_the_next_one() -> None:
    """However many messages arrive together, Checks run before the second one."""
    reader = Reader()
    for name in (b"a", b"b", b"c"):
        reader.queue.add(message_of(name))
    assert reader.read == [b"a"]
    assert max(await reader.turns()) == 1
    assert reader.read == [b"a", b"b", b"c"]


async def test_a_long_message_is_read_in_slices() -> None:
    """While little waits, a turn reads one slice."""
    reader = Reader()
    reader.queue.add(message_of(*[b"x" * 10] * 100))
    turns = await reader.turns()
    assert turns[0] == FIELDS - 1, "the group that the entries are in is a field, too"
    assert set(turns[1:-1]) == {FIELDS}
    assert len(reader.read) == 100


async def test_a_busy_queue_reads_more_in_a_turn_but_not_without_bound() -> None:
    """With much more waiting, turns get longer, so that the adapter keeps up."""
    reader = Reader()
    reader.queue.add(message_of(*[ENTRY] * 1000))
    turns = await reader.turns()
    assert FIELDS < max(turns) <= MOST_FIELDS
    assert turns[-2] <= FIELDS, "the last turns are short again"
    assert len(reader.read) == 1000


async def test_a_turn_ends_after_an_entry_that_is_large() -> None:
    """Large entries take long to read: a turn reads no more bytes of them than of small ones."""
    reader = Reader()
    reader.queue.add(message_of(*[bytes(70_000)] * 20))
    assert max(await reader.turns()) == 1
    assert len(reader.read) == 20


async def test_the_end_of_the_queue_is_told() -> None:
    """Once for all that waited, not for each slice."""
    reader = Reader()
    reader.queue.add(message_of(*[b"x"] * 100))
    await reader.turns()
    assert reader.times_empty == 1


async def test_a_sender_waits_until_half_has_been_read() -> None:
    """All senders wait for the same future, and get a new one when too much waits again."""
    reader = Reader()
    large = message_of(*[ENTRY] * 1_200)
    first = reader.queue.add(large)
    assert first is not None
    assert reader.queue.add(message_of(ENTRY)) is first
    await asyncio.wait_for(first, 30)
    assert 0 < reader.queue.waiting_octets <= 512 * 1024
    second = reader.queue.add(large)
    assert second is not None
    assert second is not first
    await reader.queue.drain()
    assert second.done()


async def test_drain_reads_everything_in_turns() -> None:
    """Checks run during a shutdown too, and no entry stays behind."""
    reader = Reader()
    reader.queue.add(message_of(*[ENTRY] * 1000))
    draining = asyncio.create_task(reader.queue.drain())
    iterations = 0
    while not draining.done():
        iterations += 1
        await asyncio.sleep(0)
    assert len(reader.read) == 1000
    # In each iteration there is one turn of the queue's own, and one of `drain`.
    assert iterations >= 1000 / MOST_FIELDS / 2


async def test_entries_that_nobody_reads_any_more_are_counted() -> None:
    """Also those that could not have been read."""
    reader = Reader()
    reader.queue.add(message_of(*[b"x"] * 3_000))
    reader.queue.add(message_of(b"a", b"b") + b"\xff")
    assert reader.queue.discard() == 3_000 - len(reader.read) + 3
    assert (reader.queue.waiting_octets, reader.queue.discard()) == (0, 0)
