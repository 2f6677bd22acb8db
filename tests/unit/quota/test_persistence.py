"""Quota windows over a restart."""

import asyncio
from pathlib import Path

from structlog.testing import capture_logs

from adapter.policy.effects.quota import QuotaState
from adapter.quota.memory.persistence import QuotaPersistence
from adapter.quota.memory.store import MemoryQuotaStore
from adapter.quota.memory.window_file import WindowFile
from adapter.quota.names import WindowNames
from adapter.settings import QuotaSettings
from tests.rig.clock import FakeClock
from tests.rig.polling import until
from tests.rig.quota import a_charge

DAY_MS = 24 * 3_600_000
START = 1_800_000_000.0
CHARGE = a_charge(("k", 5, DAY_MS), ("k", 9, 7 * DAY_MS))


class Process:
    """An adapter's quotas from start to stop, on a machine whose wall clock shows `now`."""

    def __init__(self, directory: Path, now: float = START, *, max_windows: int = 1_000) -> None:
        self.path = directory / "windows"
        self.clock = FakeClock(now)
        self.store = MemoryQuotaStore(self.clock, max_windows=max_windows)
        file = WindowFile(self.path, b"", max_windows)
        self.persistence = QuotaPersistence(
            self.store, file, WindowNames(), self.clock, interval_s=QuotaSettings().file_interval_s
        )

    async def started(self) -> "Process":
        """It, with what the file had."""
        await self.persistence.restore()
        return self

    def charge(self) -> QuotaState:
        """One more request."""
        return self.store.charge("", CHARGE)


async def test_a_restart_goes_on_counting(tmp_path: Path) -> None:
    """A window of a day does not begin anew with each deployment."""
    first = await Process(tmp_path).started()
    await first.clock.advance(100)  # processes do not start at the same monotonic time
    first.charge()
    first.charge()
    await first.persistence.write()
    second = await Process(tmp_path, START + 160).started()
    assert second.charge() == QuotaState(True, (2, 6), (DAY_MS - 60_000, 7 * DAY_MS - 60_000))
    assert second.charge().remaining == (1, 5)


async def test_windows_that_nobody_asked_for_survive_the_next_restart_too(tmp_path: Path) -> None:
    """A client that comes once a day is not forgotten by two deployments."""
    first = await Process(tmp_path).started()
    first.charge()
    await first.persistence.write()
    second = await Process(tmp_path, START + 10).started()
    second.store.charge("", a_charge(("other", 5, DAY_MS)))
    await second.persistence.write()
    third = await Process(tmp_path, START + 20).started()
    assert third.charge().remaining == (3, 7)
    assert third.store.charge("", a_charge(("other", 5, DAY_MS))).remaining == (3,)


async def test_ended_windows_are_dropped(tmp_path: Path) -> None:
    """What ended while the adapter was away begins anew; what did not, goes on."""
    first = await Process(tmp_path).started()
    first.charge()
    await first.persistence.write()
    second = await Process(tmp_path, START + DAY_MS / 1000).started()
    assert second.charge().remaining == (4, 7)


async def test_a_window_that_ends_while_it_waits_is_not_found(tmp_path: Path) -> None:
    """However late its next request comes."""
    first = await Process(tmp_path).started()
    first.charge()
    await first.persistence.write()
    second = await Process(tmp_path).started()
    await second.clock.advance(DAY_MS / 1000)
    assert second.charge().remaining == (4, 7)


async def test_a_clock_that_was_set_back_makes_no_window_longer(tmp_path: Path) -> None:
    """Nobody is locked out for more than a period."""
    first = await Process(tmp_path).started()
    first.charge()
    await first.persistence.write()
    second = await Process(tmp_path, START - 10 * DAY_MS / 1000).started()
    assert second.charge() == QuotaState(True, (3, 7), (DAY_MS, 7 * DAY_MS))
    for _ in range(2):
        await second.clock.advance(DAY_MS / 1000)
        second.store.charge("", a_charge(("other", 5, 1_000)))  # makes it forget what has ended
        assert second.charge().remaining[0] == 4


async def test_it_writes_every_few_seconds(tmp_path: Path) -> None:
    """A kill loses no more than was counted since; without charges nothing is written."""
    process = await Process(tmp_path).started()
    running = asyncio.create_task(process.persistence.run())
    process.charge()
    assert not process.path.exists()
    await process.clock.advance(5)
    await until(process.path.exists)
    first = process.path.stat().st_mtime_ns
    await process.clock.advance(100)
    assert process.path.stat().st_mtime_ns == first
    process.charge()
    await process.clock.advance(100)
    await until(lambda: process.path.stat().st_mtime_ns != first)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_kill_admits_again_what_was_not_yet_written(tmp_path: Path) -> None:
    """And no more than that."""
    first = await Process(tmp_path).started()
    first.charge()
    await first.persistence.write()
    assert [first.charge().admitted for _ in range(5)] == [True] * 4 + [False]
    second = await Process(tmp_path, START + 5).started()
    assert [second.charge().admitted for _ in range(5)] == [True] * 4 + [False]


async def test_charges_while_it_writes_are_in_the_next_write(tmp_path: Path) -> None:
    """Requests are not delayed, and every one is counted."""
    process = await Process(tmp_path, max_windows=2_000).started()
    for n in range(1_000):
        process.store.charge("", a_charge((f"{n}", 5, DAY_MS)))
    writing = asyncio.create_task(process.persistence.write())
    await asyncio.sleep(0)
    for n in range(1_000):
        process.store.charge("", a_charge((f"{n}", 5, DAY_MS)))
    await writing
    await process.persistence.write()
    second = await Process(tmp_path, max_windows=2_000).started()
    found = {second.store.charge("", a_charge((f"{n}", 5, DAY_MS))).remaining for n in range(1_000)}
    assert found == {(2,)}


async def test_keys_are_not_in_the_file(tmp_path: Path) -> None:
    """A key may hold what a client sent, a credential even."""
    process = await Process(tmp_path).started()
    process.store.charge("", a_charge(("Bearer very-secret", 5, DAY_MS)))
    await process.persistence.write()
    assert b"secret" not in process.path.read_bytes()


async def test_restored_windows_count_towards_the_bound(tmp_path: Path) -> None:
    """A full store refuses a window that it would have to forget, and does not forget it."""
    first = await Process(tmp_path).started()
    first.charge()
    await first.persistence.write()
    second = await Process(tmp_path, max_windows=3).started()
    for key in "abc":
        second.store.charge("", a_charge((key, 5, 60_000)))
    assert second.charge().unknown
    await second.clock.advance(60)
    assert second.charge().remaining == (3, 7)


async def test_a_file_holds_no_more_than_a_start_would_read(tmp_path: Path) -> None:
    """What is left out of it is counted."""
    first = await Process(tmp_path).started()
    first.charge()
    await first.persistence.write()
    second = await Process(tmp_path, START + 1, max_windows=2).started()
    second.store.charge("", a_charge(("other", 5, DAY_MS)))
    await second.persistence.write()
    assert second.persistence.left_out == 1
    third = await Process(tmp_path, START + 2, max_windows=2).started()
    assert third.persistence.alarm is None
    assert third.store.charge("", a_charge(("other", 5, DAY_MS))).remaining == (3,)


async def test_a_damaged_file_is_an_alarm_and_no_more(tmp_path: Path) -> None:
    """The adapter starts, says so, and writes a good one."""
    (tmp_path / "windows").write_bytes(b"rubbish")
    with capture_logs() as logs:
        process = await Process(tmp_path).started()
    assert [log["event"] for log in logs] == ["quota.file_rejected"]
    assert "not a quota file" in (process.persistence.alarm or "")
    process.charge()
    await process.persistence.write()
    assert process.persistence.alarm is None
    assert (await Process(tmp_path).started()).charge().remaining == (3, 7)


async def test_a_failing_disk_is_told_once_and_recovers(tmp_path: Path) -> None:
    """Counting goes on without it."""
    process = await Process(tmp_path / "missing").started()
    (tmp_path / "missing").write_text("not a directory")
    process.charge()
    with capture_logs() as logs:
        await process.persistence.write()
        await process.persistence.write()
    assert [log["event"] for log in logs] == ["quota.file_failed"]
    assert process.persistence.failures == 2
    (tmp_path / "missing").unlink()
    await process.persistence.write()
    assert process.persistence.alarm is None
    assert process.path.exists()
