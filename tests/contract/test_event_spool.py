"""Every spool keeps events in order until they are acknowledged."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.analytics.spool.batch import Backlog, Batch, BatchLimit
from tests.contract.spool_benches import BENCHES, Bench
from tests.unit.analytics.recording import RecordingObserver

ALL = BatchLimit(10_000, 10_000_000)
NOTHING = Backlog(0, 0)


@pytest.fixture
def observer() -> RecordingObserver:
    """Counts what the spool drops."""
    return RecordingObserver()


@pytest.fixture(params=BENCHES)
async def bench(
    request: pytest.FixtureRequest, tmp_path: Path, observer: RecordingObserver
) -> AsyncIterator[Bench]:
    """Each spool."""
    async with BENCHES[request.param](tmp_path, observer) as bench:
        yield bench


def numbered(first: int, last: int) -> list[bytes]:
    """Events of three bytes each."""
    return [b"%03d" % number for number in range(first, last + 1)]


async def taken(bench: Bench, limit: BatchLimit = ALL) -> Batch:
    """The next batch of a spool that is not empty."""
    await bench.flush()
    batch = await bench.spool.take(limit)
    assert batch is not None
    return batch


async def test_events_come_out_in_order_and_once(bench: Bench) -> None:
    """What was offered is taken oldest first, and not a second time."""
    spool = bench.spool
    spool.offer(numbered(1, 5))
    spool.offer(numbered(6, 7))
    assert (await taken(bench, BatchLimit(3, 1000))).events == tuple(numbered(1, 3))
    assert (await taken(bench)).events == tuple(numbered(4, 7))
    assert await spool.take(ALL) is None


async def test_a_batch_keeps_its_limits(bench: Bench) -> None:
    """A batch has at most so many events and bytes, but always one event."""
    spool = bench.spool
    spool.offer(numbered(1, 5))
    assert (await taken(bench, BatchLimit(100, 7))).events == tuple(numbered(1, 2))
    assert (await taken(bench, BatchLimit(100, 1))).events == tuple(numbered(3, 3))
    assert spool.backlog == Backlog(5, 15)


async def test_acknowledged_events_are_gone(bench: Bench) -> None:
    """What the platform has is forgotten; what is out still waits."""
    spool = bench.spool
    spool.offer(numbered(1, 4))
    first = await taken(bench, BatchLimit(1, 1000))
    await spool.acknowledge(first)
    assert spool.backlog == Backlog(3, 9)
    await spool.requeue(first)
    assert spool.backlog == Backlog(3, 9)
    assert (await taken(bench)).events == tuple(numbered(2, 4))


async def test_requeued_events_come_first(bench: Bench) -> None:
    """A batch that did not get through is sent before all that came later."""
    spool = bench.spool
    spool.offer(numbered(1, 2))
    batch = await taken(bench)
    spool.offer(numbered(3, 4))
    await spool.requeue(batch)
    await spool.requeue(batch)
    assert (await taken(bench)).events == tuple(numbered(1, 4))


async def test_a_smaller_batch_after_a_larger_one(bench: Bench) -> None:
    """After a 413 the same events come in smaller batches."""
    spool = bench.spool
    spool.offer(numbered(1, 5))
    await spool.requeue(await taken(bench))
    for first, last in ((1, 2), (3, 4), (5, 5)):
        batch = await taken(bench, BatchLimit(2, 1000))
        assert batch.events == tuple(numbered(first, last))
        await spool.acknowledge(batch)
    assert spool.backlog == NOTHING


async def test_a_quarantined_batch_no_longer_waits(bench: Bench) -> None:
    """The line moves on, and a batch is put aside once."""
    spool = bench.spool
    spool.offer(numbered(1, 3))
    batch = await taken(bench, BatchLimit(2, 1000))
    await spool.quarantine(batch, "400 Bad Request")
    await spool.quarantine(batch, "400 Bad Request")
    await spool.requeue(batch)
    assert spool.backlog == Backlog(1, 3)
    assert (await taken(bench)).events == tuple(numbered(3, 3))


async def test_waiting_for_a_full_batch(bench: Bench) -> None:
    """Who waits is woken by the event, or the byte, that fills the batch."""
    spool = bench.spool
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
        await spool.acknowledge(await taken(bench))


async def test_a_closed_spool_accepts_nothing(bench: Bench, observer: RecordingObserver) -> None:
    """Events that come too late are counted."""
    spool = bench.spool
    await spool.close()
    spool.offer(numbered(1, 2))
    await spool.close()
    assert observer.counts == {"dropped shutdown": 2}


async def test_a_cancelled_take_loses_nothing(bench: Bench) -> None:
    """Whenever it happens, the events are taken later."""
    spool = bench.spool
    spool.offer(numbered(1, 3))
    for turns in range(3):
        taking = asyncio.create_task(spool.take(ALL))
        for _ in range(turns):
            await asyncio.sleep(0)
        taking.cancel()
        results = await asyncio.gather(taking, return_exceptions=True)
        if isinstance(batch := results[0], Batch):
            await spool.requeue(batch)
    assert (await taken(bench)).events == tuple(numbered(1, 3))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), st.integers(0, 6)),
        st.tuples(st.just("take"), st.integers(1, 6)),
        st.tuples(st.just("flush"), st.just(0)),
        st.tuples(st.sampled_from(["acknowledge", "requeue", "quarantine"]), st.integers(0, 3)),
    ),
    max_size=25,
)


@pytest.mark.parametrize("name", BENCHES)
@settings(max_examples=40)
@given(steps=STEPS)
async def test_no_event_is_lost_or_doubled(name: str, steps: list[tuple[str, int]]) -> None:
    """Whatever happens, each event is out, settled, or comes out later."""
    with tempfile.TemporaryDirectory() as directory:
        async with BENCHES[name](Path(directory), RecordingObserver()) as bench:
            await _play(bench, steps)


async def _play(bench: Bench, steps: list[tuple[str, int]]) -> None:
    spool = bench.spool
    out: list[Batch] = []
    settled: list[bytes] = []
    offered: list[bytes] = []
    for verb, number in steps:
        if verb == "offer":
            new = [b"%d" % (len(offered) + n) for n in range(number)]
            spool.offer(new)
            offered += new
        elif verb == "flush":
            await bench.flush()
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
