"""Every spool keeps events in order until they are acknowledged."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.analytics.spool.batch import Backlog, Batch, BatchLimit
from adapter.analytics.spool.port import EventSpool
from tests.contract.spool_benches import BENCHES
from tests.unit.analytics.recording import RecordingObserver

ALL = BatchLimit(10_000, 10_000_000)
NOTHING = Backlog(0, 0)


@pytest.fixture
def observer() -> RecordingObserver:
    """Counts what the spool drops."""
    return RecordingObserver()


@pytest.fixture(params=BENCHES)
async def spool(
    request: pytest.FixtureRequest, tmp_path: Path, observer: RecordingObserver
) -> AsyncIterator[EventSpool]:
    """Each spool."""
    async with BENCHES[request.param](tmp_path, observer) as spool:
        yield spool


def numbered(first: int, last: int) -> list[bytes]:
    """Events of three bytes each."""
    return [b"%03d" % number for number in range(first, last + 1)]


async def taken(spool: EventSpool, limit: BatchLimit = ALL) -> Batch:
    """The next batch, which must be there."""
    batch = await spool.take(limit)
    assert batch is not None
    return batch


async def test_events_come_out_in_order_and_once(spool: EventSpool) -> None:
    """What was offered is taken oldest first, and not a second time."""
    spool.offer(numbered(1, 5))
    spool.offer(numbered(6, 7))
    assert (await taken(spool, BatchLimit(3, 1000))).events == tuple(numbered(1, 3))
    assert (await taken(spool)).events == tuple(numbered(4, 7))
    assert await spool.take(ALL) is None


async def test_a_batch_keeps_its_limits(spool: EventSpool) -> None:
    """A batch has at most so many events and bytes, but always one event."""
    spool.offer(numbered(1, 5))
    assert (await taken(spool, BatchLimit(100, 7))).events == tuple(numbered(1, 2))
    assert (await taken(spool, BatchLimit(100, 1))).events == tuple(numbered(3, 3))
    assert spool.backlog == Backlog(5, 15)


async def test_acknowledged_events_are_gone(spool: EventSpool) -> None:
    """What the platform has is forgotten; what is out still waits."""
    spool.offer(numbered(1, 4))
    first = await taken(spool, BatchLimit(1, 1000))
    await spool.acknowledge(first)
    assert spool.backlog == Backlog(3, 9)
    await spool.requeue(first)
    assert spool.backlog == Backlog(3, 9)
    assert (await taken(spool)).events == tuple(numbered(2, 4))


async def test_requeued_events_come_first(spool: EventSpool) -> None:
    """A batch that did not get through is sent before all that came later."""
    spool.offer(numbered(1, 2))
    batch = await taken(spool)
    spool.offer(numbered(3, 4))
    await spool.requeue(batch)
    await spool.requeue(batch)
    assert (await taken(spool)).events == tuple(numbered(1, 4))


async def test_a_smaller_batch_after_a_larger_one(spool: EventSpool) -> None:
    """After a 413 the same events come in smaller batches."""
    spool.offer(numbered(1, 5))
    await spool.requeue(await taken(spool))
    for first, last in ((1, 2), (3, 4), (5, 5)):
        batch = await taken(spool, BatchLimit(2, 1000))
        assert batch.events == tuple(numbered(first, last))
        await spool.acknowledge(batch)
    assert spool.backlog == NOTHING


async def test_a_quarantined_batch_no_longer_waits(spool: EventSpool) -> None:
    """The line moves on, and a batch is put aside once."""
    spool.offer(numbered(1, 3))
    batch = await taken(spool, BatchLimit(2, 1000))
    await spool.quarantine(batch, "400 Bad Request")
    await spool.quarantine(batch, "400 Bad Request")
    await spool.requeue(batch)
    assert spool.backlog == Backlog(1, 3)
    assert (await taken(spool)).events == tuple(numbered(3, 3))


async def test_waiting_for_a_full_batch(spool: EventSpool) -> None:
    """Who waits is woken by the event, or the byte, that fills the batch."""
    for limit in (BatchLimit(3, 1000), BatchLimit(100, 9)):
        spool.offer(numbered(1, 2))
        waiting = asyncio.create_task(spool.wait_full(limit))
        await asyncio.sleep(0)
        spool.offer([])
        await asyncio.sleep(0)
        assert not waiting.done()
        spool.offer(numbered(3, 3))
        await waiting
        await spool.wait_full(limit)
        await spool.acknowledge(await taken(spool))


async def test_a_closed_spool_accepts_nothing(
    spool: EventSpool, observer: RecordingObserver
) -> None:
    """What comes too late is counted."""
    await spool.close()
    spool.offer(numbered(1, 2))
    await spool.close()
    assert observer.counts == {"dropped shutdown": 2}


async def test_a_cancelled_take_loses_nothing(spool: EventSpool) -> None:
    """Whenever it happens, the events are taken later."""
    spool.offer(numbered(1, 3))
    for turns in range(3):
        taking = asyncio.create_task(spool.take(ALL))
        for _ in range(turns):
            await asyncio.sleep(0)
        taking.cancel()
        results = await asyncio.gather(taking, return_exceptions=True)
        if isinstance(batch := results[0], Batch):
            await spool.requeue(batch)
    assert (await taken(spool)).events == tuple(numbered(1, 3))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), st.integers(0, 6)),
        st.tuples(st.just("take"), st.integers(1, 6)),
        st.tuples(st.sampled_from(["acknowledge", "requeue", "quarantine"]), st.integers(0, 3)),
    ),
    max_size=25,
)


@pytest.mark.parametrize("bench", BENCHES)
@settings(max_examples=40)
@given(steps=STEPS)
async def test_no_event_is_lost_or_doubled(bench: str, steps: list[tuple[str, int]]) -> None:
    """Whatever happens, each event is out, settled, or comes out later."""
    with tempfile.TemporaryDirectory() as directory:
        async with BENCHES[bench](Path(directory), RecordingObserver()) as spool:
            await _play(spool, steps)


async def _play(spool: EventSpool, steps: list[tuple[str, int]]) -> None:
    out: list[Batch] = []
    settled: list[bytes] = []
    offered: list[bytes] = []
    for verb, number in steps:
        if verb == "offer":
            new = [b"%d" % (len(offered) + n) for n in range(number)]
            spool.offer(new)
            offered += new
        elif verb == "take":
            batch = await spool.take(BatchLimit(number, 20))
            out += [batch] if batch else []
        elif number < len(out):
            batch = out.pop(number)
            settled += batch.events if verb != "requeue" else ()
            if verb == "quarantine":
                await spool.quarantine(batch, "refused")
            else:
                await getattr(spool, verb)(batch)
        assert spool.backlog.events == len(offered) - len(settled)
    while batch := await spool.take(ALL):
        out.append(batch)
    settled += [event for batch in out for event in batch.events]
    assert sorted(settled) == sorted(offered)
