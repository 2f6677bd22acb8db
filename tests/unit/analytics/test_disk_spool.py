"""The spool on disk survives its process, keeps its bounds, and counts what it drops."""

import asyncio
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from adapter.analytics.spool.batch import Backlog, BatchLimit
from adapter.analytics.spool.row_values import State
from tests.rig.clock import FakeClock
from tests.rig.polling import until
from tests.unit.analytics.spooling import Rig, numbered, rest_of, taken, written


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A directory without a spool file."""
    return Rig(tmp_path)


async def test_events_outlive_the_process(rig: Rig) -> None:
    """What was not acknowledged comes again, in order, and nothing else."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 3))
        await written(spool, numbered(4, 6))
        await spool.acknowledge(await taken(spool, BatchLimit(3, 1000)))
        await taken(spool, BatchLimit(1, 1000))
        spool.offer(numbered(7, 7))
    async with rig.spool() as spool:
        assert await spool.take(BatchLimit(2, 1000)) is not None
        assert spool.backlog == Backlog(4, 12)
    async with rig.spool() as spool:
        assert await rest_of(spool) == numbered(4, 7)
    assert rig.bodies() == []
    assert rig.observer.counts == {}


async def test_what_was_written_survives_without_a_close(rig: Rig) -> None:
    """As after `kill -9`: only what is in memory is gone."""
    async with rig.spool() as killed:
        await written(killed, numbered(1, 3))
        killed.offer(numbered(4, 4))
        # Another process reads the file as it is at this moment.
        assert rig.operate(lambda rows: rows.unread.events) == 3


async def test_a_part_of_a_row_that_was_acknowledged_comes_again(rig: Rig) -> None:
    """The platform drops events whose ids it knows. So a row is deleted as a whole."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 4))
        await spool.acknowledge(await taken(spool, BatchLimit(3, 1000)))
    async with rig.spool() as spool:
        assert await rest_of(spool) == numbered(1, 4)


async def test_events_are_written_after_the_interval(tmp_path: Path) -> None:
    """A row holds at most a batch."""
    clock = FakeClock()
    rig = Rig(tmp_path, clock)
    async with rig.spool(flush_interval_s=0.5, batch_events=2) as spool:
        running = asyncio.create_task(spool.run())
        await until(lambda: clock.sleepers)
        spool.offer(numbered(1, 3))
        await clock.advance(0.4)
        assert rig.bodies() == []
        await clock.advance(0.2)
        await until(lambda: clock.sleepers)
        assert rig.bodies() == [b"001\n002", b"003"]
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_events_of_a_long_upload_are_written(rig: Rig) -> None:
    """Those of a short one never are."""
    async with rig.spool() as spool:
        spool.offer(numbered(1, 2))
        await spool.acknowledge(await taken(spool))
        await spool.flush()
        assert rig.bodies() == []
        spool.offer(numbered(3, 4))
        batch = await taken(spool)
        spool.offer(numbered(5, 5))
        await spool.flush()
        assert rig.bodies() == [b"003\n004", b"005"]
        assert await rest_of(spool) == numbered(5, 5)
        await spool.requeue(batch)
        assert spool.backlog == Backlog(2, 6)
        assert await rest_of(spool) == numbered(3, 4)
        await spool.flush()
        assert rig.bodies() == []


@pytest.mark.parametrize("end", ["acknowledge", "requeue"])
async def test_an_upload_that_ends_while_it_is_written(rig: Rig, end: str) -> None:
    """Settled events lose their row. Others are uploaded from it."""
    async with rig.spool() as spool:
        spool.offer(numbered(1, 2))
        batch = await taken(spool)
        flushing = asyncio.create_task(spool.flush())
        await until(rig.bodies)
        await getattr(spool, end)(batch)
        await flushing
        left = await rest_of(spool)
        assert left == ([] if end == "acknowledge" else numbered(1, 2))
        await spool.flush()
        assert rig.bodies() == []


async def test_an_upload_that_fails_while_memory_is_full(rig: Rig) -> None:
    """It waits for the file, which has room for its events."""
    async with rig.spool(max_events=2) as spool:
        spool.offer(numbered(1, 2))
        batch = await taken(spool)
        spool.offer(numbered(3, 4))
        with rig.held(spool):
            flushing = asyncio.create_task(spool.flush())
            await until(spool._busy.locked)
            failing = asyncio.create_task(spool.requeue(batch))
            await asyncio.sleep(0)
        await asyncio.gather(flushing, failing)
        assert await rest_of(spool) == numbered(1, 4)
    assert rig.observer.counts == {}


async def test_a_batch_of_events_from_disk_and_memory(rig: Rig) -> None:
    """Older ones first. It keeps its limits, and goes back as it was."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 2))
        spool.offer(numbered(3, 4))
        assert (await taken(spool, BatchLimit(3, 7))).events == tuple(numbered(1, 2))
        batch = await taken(spool)
        assert batch.events == tuple(numbered(3, 4))
    async with rig.spool() as spool:
        spool.offer(numbered(5, 6))
        batch = await taken(spool, BatchLimit(5, 1000))
        assert batch.events == tuple(numbered(1, 5))
        await spool.requeue(batch)
        assert await rest_of(spool) == numbered(1, 6)


async def test_only_the_owner_may_read_the_files(rig: Rig) -> None:
    """They hold addresses and paths of clients."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 3))
        files = list(rig.path.parent.glob("events.spool*"))
        assert {path.name for path in files} >= {"events.spool", "events.spool-wal"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


async def test_oldest_rows_go_when_there_are_too_many_bytes(rig: Rig) -> None:
    """They are counted. What is being uploaded stays."""
    async with rig.spool(spool_max_bytes=2**20) as spool:
        await written(spool, numbered(1, 1, 400_000))
        out = await taken(spool)
        for number in (2, 3, 4, 5):
            await written(spool, numbered(number, number, 400_000))
        assert rig.observer.counts == {"dropped spool_full": 2}
        assert spool.backlog == Backlog(3, 1_200_000)
        await spool.acknowledge(out)
        assert await rest_of(spool) == numbered(4, 5, 400_000)


async def test_old_events_are_dropped(rig: Rig) -> None:
    """After the longest age, also from quarantine."""
    async with rig.spool(spool_max_age_s=100) as spool:
        await written(spool, numbered(1, 1))
        await spool.quarantine(await taken(spool), "400 Bad Request")
        await written(spool, numbered(2, 3))
        await rig.clock.sleep(60)
        await written(spool, numbered(4, 4))
        await rig.clock.sleep(60)
        await written(spool, [])
        assert rig.observer.counts == {"dropped expired": 3}
        assert spool.quarantined.events == 0
        assert await rest_of(spool) == numbered(4, 4)


async def test_a_refused_batch_is_kept_with_its_reason(rig: Rig) -> None:
    """It waits for an operator, over a restart too, and is reported."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 3))
        await written(spool, numbered(4, 5))
        await spool.quarantine(await taken(spool), "400 Bad Request")
        assert spool.quarantined.events == 5
    async with rig.spool() as spool:
        assert await spool.take(BatchLimit(10, 1000)) is None
        assert spool.backlog == Backlog(0, 0)
        assert spool.alarms == {
            "events quarantined": "the platform refused 5 events for good; "
            "`policy-adapter spool list` says why"
        }
        (row,) = rig.operate(lambda rows: list(rows.rows()))
        assert (row.state, row.reason, row.events) == (State.QUARANTINED, "400 Bad Request", 5)
        assert row.written_ms == rig.clock.now() * 1000
    assert rig.observer.counts == {}


async def test_an_operator_retries_a_batch_beside_the_adapter(rig: Rig) -> None:
    """The adapter finds it at its next visit to the file."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 3))
        await spool.quarantine(await taken(spool), "400 Bad Request")
        await written(spool, numbered(4, 5))
        (row, _) = rig.operate(lambda rows: list(rows.rows()))
        rig.operate(lambda rows: rows.retry([row.row_id], rig.now_ms))
        await written(spool, [])
        assert (spool.quarantined.events, spool.backlog) == (0, Backlog(5, 15))
        assert await rest_of(spool) == [*numbered(4, 5), *numbered(1, 3)]
    assert rig.observer.counts == {}


async def test_what_an_operator_deletes_is_counted(rig: Rig) -> None:
    """It is a loss like others."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 3))
        await written(spool, numbered(4, 5))
        first = rig.operate(lambda rows: next(rows.rows()))
        rig.operate(lambda rows: rows.delete([first.row_id]))
        assert await rest_of(spool) == numbered(4, 5)
    assert rig.observer.counts == {"dropped deleted": 3}


@pytest.mark.parametrize("ahead", [0, 1_000], ids=["read", "kept in memory"])
async def test_a_deleted_batch_is_not_uploaded(rig: Rig, ahead: int) -> None:
    """Even if its events are in memory, and its upload failed until now."""
    async with rig.spool(ahead=BatchLimit(ahead, 100_000)) as spool:
        await written(spool, numbered(1, 3))
        await written(spool, numbered(4, 5))
        await spool.requeue(await taken(spool, BatchLimit(3, 1000)))
        first = rig.operate(lambda rows: next(rows.rows()))
        rig.operate(lambda rows: rows.delete([first.row_id]))
        await spool.flush()
        assert spool.backlog == Backlog(2, 6)
        assert await rest_of(spool) == numbered(4, 5)
    assert rig.observer.counts == {"dropped deleted": 3}


async def test_the_next_events_are_not_read_from_the_disk(rig: Rig) -> None:
    """As many as may stay in memory. Those that follow are read."""
    async with rig.spool(ahead=BatchLimit(3, 1_000)) as spool:
        for first in (1, 3, 5):
            await written(spool, numbered(first, first + 1))
        rig.operate(lambda rows: rows._connection.execute("UPDATE batches SET checksum = 0"))
        assert await rest_of(spool) == numbered(1, 4)
    assert rig.observer.counts == {"dropped spool_lost": 2}


async def test_a_batch_that_is_retried_while_others_are_written(rig: Rig) -> None:
    """Its id is lower than that of rows whose events are in memory. It is not forgotten."""
    async with rig.spool(ahead=BatchLimit(1_000, 100_000)) as spool:
        await written(spool, numbered(1, 1))
        await spool.quarantine(await taken(spool), "400 Bad Request")
        await written(spool, [])
        (row,) = rig.operate(lambda rows: list(rows.rows()))
        spool.offer(numbered(2, 2))
        out = await taken(spool)
        rig.operate(lambda rows: rows.retry([row.row_id], rig.now_ms))
        await spool.flush()
        await spool.acknowledge(out)
        await written(spool, numbered(3, 3))
        assert await rest_of(spool) == [*numbered(1, 1), *numbered(3, 3)]
        await spool.flush()
        assert rig.bodies() == []


@pytest.mark.parametrize("ahead", [0, 1_000], ids=["read", "kept in memory"])
async def test_events_that_are_being_written_can_be_taken(rig: Rig, ahead: int) -> None:
    """Who takes them waits for the end of the write, and is not told that nothing is there."""
    async with rig.spool(ahead=BatchLimit(ahead, 100_000)) as spool:
        spool.offer(numbered(1, 3))
        flushing = asyncio.create_task(spool.flush())
        while spool._window.has_full(BatchLimit(1, 1)):  # noqa: ASYNC110 - this moment is short
            await asyncio.sleep(0)
        assert spool.backlog == Backlog(3, 9)
        assert await rest_of(spool) == numbered(1, 3)
        await flushing
        assert spool.backlog == Backlog(0, 0)
