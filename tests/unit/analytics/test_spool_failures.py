"""The spool when the disk is full, unusable or damaged: nothing stops, and losses are counted."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from adapter.analytics.spool.batch import Backlog, BatchLimit
from adapter.analytics.spool.disk import DiskSpool
from tests.unit.analytics.spooling import Rig, numbered, rest_of, taken, written


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A directory without a spool file."""
    return Rig(tmp_path)


async def limit_pages(spool: DiskSpool, pages: int) -> None:
    """Let SQLite find the disk full when the file has so many pages."""

    def work(rows: object) -> None:
        rows._connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()  # type: ignore[attr-defined] # a fault that no caller can cause

    await spool._file._use(work)


async def test_a_full_disk(rig: Rig) -> None:
    """Events stay in memory, in order behind those on the disk, and go to the disk when it can."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 2))
        await limit_pages(spool, 1)
        await written(spool, numbered(3, 4, 200_000))
        assert spool.alarms == {
            "events spool": f"events are kept in memory only: {rig.path} cannot be used: database "
            "or disk is full"
        }
        assert spool.backlog.events == 4
        assert (await taken(spool, BatchLimit(2, 1000))).events == tuple(numbered(1, 2))
        batch = await taken(spool)
        assert batch.events == tuple(numbered(3, 4, 200_000))
        await spool.requeue(batch)
        await limit_pages(spool, 1_000_000)
        await rig.clock.sleep(60)
        await written(spool, [])
        assert spool.alarms == {}
    assert len(rig.bodies()) == 2
    assert rig.observer.counts == {}


async def test_memory_is_bounded_while_the_disk_is_full(rig: Rig) -> None:
    """By the bounds of the spool in memory. What is dropped is counted."""
    rig.path.mkdir()
    async with rig.spool(max_events=5) as spool:
        await written(spool, numbered(1, 4))
        spool.offer(numbered(5, 8))
        assert spool.backlog == Backlog(5, 15)
        assert await rest_of(spool) == numbered(4, 8)
        spool.offer(numbered(9, 9))
        refused = await taken(spool)
        await spool.quarantine(refused, "400 Bad Request")
        spool.offer(numbered(10, 11))
    assert rig.observer.counts == {
        "dropped spool_full": 3,
        "dropped rejected": 1,
        "dropped shutdown": 2,
    }


async def test_a_failing_disk_is_not_asked_all_the_time(rig: Rig) -> None:
    """The waits grow, and the alarm goes with the first success."""
    rig.path.mkdir()
    async with rig.spool() as spool:
        assert "cannot be used: Is a directory" in spool.alarms["events spool"]
        rig.path.rmdir()
        await written(spool, numbered(1, 1))
        assert not rig.path.exists()
        await rig.clock.sleep(1)
        await written(spool, numbered(2, 2))
        assert spool.alarms == {}
        assert rig.bodies() == [b"001\n002"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"x" * 100_000, "file is not a database"),
        (b"SQLite format 3\0" + b"\xff" * 100_000, "file is not a database"),
        (None, "it is not a spool file"),
    ],
    ids=["garbage", "a damaged header", "another program's database"],
)
async def test_a_file_that_is_no_spool_is_put_aside(
    rig: Rig, content: bytes | None, why: str
) -> None:
    """Under a name with the time, and a new one is begun."""
    if content is None:
        connection = sqlite3.connect(rig.path)
        connection.execute("CREATE TABLE others (a)")
        connection.close()
        content = rig.path.read_bytes()
    rig.path.write_bytes(content)
    async with rig.spool() as spool:
        await written(spool, numbered(1, 2))
        aside = rig.path.with_name(f"events.spool.damaged-{int(rig.clock.now())}")
        assert spool.alarms == {
            "events spool damaged": f"{rig.path} cannot be used: {why}; it was renamed to "
            f"{aside.name}"
        }
        assert aside.read_bytes() == content
        await written(spool, numbered(3, 4))
        assert await rest_of(spool) == numbered(1, 4)


async def test_a_file_of_a_newer_version_is_put_aside(rig: Rig) -> None:
    """After a downgrade, nothing of it is changed."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 2))
    connection = sqlite3.connect(rig.path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    async with rig.spool() as spool:
        await written(spool, numbered(3, 4))
        assert "it has format 2, and this program reads format 1; it was renamed" in str(
            spool.alarms
        )


async def test_a_truncated_file_is_put_aside(rig: Rig) -> None:
    """Whatever can be seen of the damage at the start."""
    async with rig.spool() as spool:
        for number in range(1, 60):
            await written(spool, numbered(number, number, 20_000))
    with rig.path.open("r+b") as file:
        file.truncate(100_000)
    async with rig.spool() as spool:
        spool.offer(numbered(1, 2))
        await written(spool, [])
        await written(spool, [])
        assert "database disk image is malformed; it was renamed" in str(spool.alarms)
        assert await rest_of(spool) == numbered(1, 2)


async def test_a_file_that_is_damaged_while_it_is_used(rig: Rig) -> None:
    """What it held is lost, and counted once; what is in memory is uploaded."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 2))
        out = await taken(spool)
        await written(spool, numbered(3, 5))
        for path in rig.path.parent.glob("events.spool*"):
            path.write_bytes(b"x" * path.stat().st_size)
        spool.offer(numbered(6, 6))
        for _ in range(3):
            await rig.clock.sleep(60)
            await written(spool, [])
        assert rig.observer.counts == {"dropped spool_lost": 3}
        assert "3 events in it were lost" in spool.alarms["events spool damaged"]
        await spool.requeue(out)
        assert await rest_of(spool) == [*numbered(1, 2), *numbered(6, 6)]


async def test_a_file_that_is_removed_while_it_is_used(rig: Rig) -> None:
    """It is noticed at the next visit, and a new one is begun."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 2))
        shutil.rmtree(rig.path.parent)
        await written(spool, numbered(3, 4))
        assert spool.alarms == {
            "events spool damaged": f"{rig.path} was removed or replaced while it was in use; "
            "2 events in it were lost"
        }
        await written(spool, [])
        assert rig.bodies() == [b"003\n004"]
    assert rig.observer.counts == {"dropped spool_lost": 2}


async def test_a_damaged_row_costs_only_itself(rig: Rig) -> None:
    """Its checksum shows it. Its events are counted, and never uploaded."""
    async with rig.spool() as spool:
        await written(spool, numbered(1, 2))
        await written(spool, numbered(3, 4))
    connection = sqlite3.connect(rig.path)
    with connection:
        connection.execute("UPDATE batches SET body = ? WHERE body = ?", (b"0x1\n002", b"001\n002"))
    connection.close()
    async with rig.spool() as spool:
        assert await rest_of(spool) == numbered(3, 4)
        assert spool.alarms == {
            "events spool damaged": "2 events of the spool file were damaged, and deleted"
        }
    assert rig.observer.counts == {"dropped spool_lost": 2}


async def test_events_in_memory_survive_the_loss_of_the_file(rig: Rig) -> None:
    """Those that wait and those that are out are written again, into the new file."""
    ahead = BatchLimit(1_000, 100_000)
    async with rig.spool(ahead=ahead) as spool:
        await written(spool, numbered(1, 2))
        spool.offer(numbered(3, 4))
        out = await taken(spool, BatchLimit(3, 1_000))
        await written(spool, numbered(5, 6))
        for path in rig.path.parent.glob("events.spool*"):
            path.unlink()
        await written(spool, [])
        assert "was removed or replaced" in spool.alarms["events spool damaged"]
        assert spool.backlog == Backlog(6, 18)
        await spool.requeue(out)
    async with rig.spool() as spool:
        assert sorted(await rest_of(spool)) == numbered(1, 6)
    assert rig.observer.counts == {}
