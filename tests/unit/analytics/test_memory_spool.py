"""The spool in memory keeps its bounds, and counts what it drops."""

from hypothesis import given
from hypothesis import strategies as st

from adapter.analytics.spool.batch import Backlog, Batch, BatchLimit
from adapter.analytics.spool.memory import MemorySpool
from tests.unit.analytics.recording import RecordingObserver

ALL = BatchLimit(10_000, 10_000_000)


def numbered(first: int, last: int) -> list[bytes]:
    """Events of three bytes each."""
    return [b"%03d" % number for number in range(first, last + 1)]


async def taken(spool: MemorySpool, limit: BatchLimit = ALL) -> Batch:
    """The next batch of a spool that is not empty."""
    batch = await spool.take(limit)
    assert batch is not None
    return batch


async def test_oldest_go_when_there_are_too_many() -> None:
    """The newest events stay, the dropped ones are counted."""
    observer = RecordingObserver()
    spool = MemorySpool(3, 1000, observer)
    spool.offer(numbered(1, 5))
    assert (await taken(spool)).events == tuple(numbered(3, 5))
    assert observer.counts == {"dropped spool_full": 2}


async def test_oldest_go_when_they_are_too_big() -> None:
    """Memory is bounded in bytes too, even against one event larger than all of it."""
    observer = RecordingObserver()
    spool = MemorySpool(100, 7, observer)
    spool.offer(numbered(1, 3))
    assert spool.backlog == Backlog(2, 6)
    spool.offer([b"x" * 8])
    assert spool.backlog == Backlog(0, 0)
    assert observer.counts == {"dropped spool_full": 4}


async def test_requeue_keeps_the_bounds() -> None:
    """A failed batch does not push out what came since."""
    observer = RecordingObserver()
    spool = MemorySpool(3, 1000, observer)
    spool.offer(numbered(1, 3))
    batch = await taken(spool)
    spool.offer(numbered(4, 5))
    await spool.requeue(batch)
    assert (await taken(spool)).events == tuple(numbered(3, 5))
    assert observer.counts == {"dropped spool_full": 2}


async def test_quarantined_events_are_dropped_and_counted() -> None:
    """What the platform will never take does not stay in memory."""
    observer = RecordingObserver()
    spool = MemorySpool(100, 1000, observer)
    spool.offer(numbered(1, 3))
    batch = await taken(spool)
    await spool.quarantine(batch, "refused")
    await spool.quarantine(batch, "refused")
    assert spool.backlog == Backlog(0, 0)
    assert observer.counts == {"dropped rejected": 3}


async def test_closed_spool_counts_what_is_lost() -> None:
    """Events left at the end are counted, in upload or not; so are later ones."""
    observer = RecordingObserver()
    spool = MemorySpool(100, 1000, observer)
    spool.offer(numbered(1, 3))
    await spool.take(BatchLimit(1, 1000))
    await spool.close()
    spool.offer(numbered(4, 5))
    await spool.close()
    assert spool.backlog == Backlog(0, 0)
    assert observer.counts == {"dropped shutdown": 5}


def test_batch_does_not_show_its_events() -> None:
    """Client addresses do not reach a log by way of a batch."""
    assert "8.8.8.8" not in repr(Batch(1, (b'{"client_ip":"8.8.8.8"}',)))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), st.integers(0, 6)),
        st.tuples(st.just("take"), st.integers(1, 6)),
        st.tuples(st.sampled_from(["acknowledge", "requeue", "quarantine"]), st.integers(0, 3)),
    ),
    max_size=40,
)


@given(STEPS)
async def test_every_event_is_accounted_for(steps: list[tuple[str, int]]) -> None:
    """Offered = acknowledged + dropped + waiting, whatever happens; memory stays bounded."""
    observer = RecordingObserver()
    spool = MemorySpool(8, 40, observer)
    out: list[Batch] = []
    offered = acknowledged = 0
    for verb, number in steps:
        if verb == "offer":
            spool.offer([b"x" * (1 + (offered + n) % 9) for n in range(number)])
            offered += number
        elif verb == "take":
            batch = await spool.take(BatchLimit(number, 20))
            out += [batch] if batch else []
        elif number < len(out):
            batch = out.pop(number)
            acknowledged += len(batch.events) if verb == "acknowledge" else 0
            if verb == "quarantine":
                await spool.quarantine(batch, "refused")
            else:
                await getattr(spool, verb)(batch)
        dropped = observer.counts["dropped spool_full"] + observer.counts["dropped rejected"]
        assert offered == acknowledged + dropped + spool.backlog.events
        held_out = [event for batch in out for event in batch.events]
        assert spool.backlog.events - len(held_out) <= 8
        assert spool.backlog.bytes - sum(map(len, held_out)) <= 40
