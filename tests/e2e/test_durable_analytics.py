"""Events survive the adapter's end, outages of the platform, and faults of the disk."""

import asyncio
import json
import resource
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapter.analytics.spool.row_values import State
from adapter.analytics.spool.spool_file import SpoolFileError, operate
from adapter.cli import app
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.polling import eventually, until


class Bench:
    """A platform with one API, and the settings of an adapter with a state directory."""

    def __init__(self, platform: RunningControlPlane, api_id: str, directory: Path) -> None:
        self.platform = platform
        self.api_id = api_id
        self.state = directory / "state"
        self.file = self.state / "events.spool"
        self._directory = directory

    @asynccontextmanager
    async def adapter(self, **analytics: Any) -> AsyncIterator[AdapterProcess]:
        """An adapter that is ready. Another one has the same state directory."""
        quick = {"batch_age_s": 0.1, "flush_interval_s": 0.1} | analytics
        groups: dict[str, Mapping[str, Any]] = {"analytics": quick, "shutdown": {"deadline_s": 1}}
        settings = settings_for(self.platform, **groups) | {"state_directory": str(self.state)}
        async with AdapterProcess(settings, self._directory / "adapter") as adapter:
            await adapter.until_ready()
            yield adapter

    async def report(self, adapter: AdapterProcess, requests: int) -> None:
        """Have so many requests end."""
        await adapter.report(self.api_id, requests)

    async def stored(self) -> int:
        """How many events the platform has."""
        return int((await self.platform.admin.summary("api", duration="1d"))["total"])

    async def until_stored(self, wanted: int) -> None:
        """Wait until the platform has so many events."""

        async def stored() -> bool:
            return await self.stored() >= wanted

        await eventually(stored)

    async def until_on_disk(self, wanted: int) -> None:
        """Wait until so many events wait on the disk."""
        await until(lambda: self.on_disk() >= wanted)

    def on_disk(self, state: State = State.PENDING) -> int:
        """How many events are in the file."""
        try:
            return operate(self.file, lambda rows: sum(row.events for row in rows.rows(state)))
        except SpoolFileError:
            return 0


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A platform that runs."""
    async with running_control_plane(tmp_path) as platform:
        api = await platform.admin.create_api("orders")
        yield Bench(platform, str(api["id"]), tmp_path)


async def details(adapter: AdapterProcess, name: str) -> str:
    """What `/readyz` says about this, once it says anything."""
    found = ""

    async def said() -> bool:
        nonlocal found
        readiness = await adapter.readiness()
        found = readiness["details"].get(name, "")
        return bool(found)

    await eventually(said)
    return found


async def test_a_killed_adapter_loses_only_what_was_not_written(bench: Bench) -> None:
    """What was written is uploaded by the next process, once."""
    async with bench.adapter() as adapter:
        await bench.platform.stop()
        for _ in range(10):
            await bench.report(adapter, 300)
        await bench.until_on_disk(3_000)
        await bench.report(adapter, 100)
        await adapter.stop(signal.SIGKILL)
    written = bench.on_disk()
    await bench.platform.start()
    async with bench.adapter() as adapter:
        await bench.until_stored(written)
        await until(lambda: bench.on_disk() == 0)
        metrics = await adapter.metric_lines()
    assert 3_000 <= await bench.stored() == written <= 3_100
    assert f'adapter_events_total{{outcome="uploaded"}} {written}.0' in metrics


async def test_adapters_that_are_killed_again_and_again_under_load(bench: Bench) -> None:
    """No event is counted twice, and only those of the last interval may be missing."""
    sent = kept = 0
    for _ in range(3):
        async with bench.adapter() as adapter:
            await until(lambda: bench.on_disk() == 0)
            before = await bench.stored()
            await asyncio.gather(*(bench.report(adapter, 200) for _ in range(5)))
            await bench.until_stored(before + 1_000)
            await bench.report(adapter, 200)
            await adapter.stop(signal.SIGKILL)
            sent, kept = sent + 1_200, kept + 1_000
    async with bench.adapter():
        await until(lambda: bench.on_disk() == 0)
        assert kept <= await bench.stored() <= sent


async def test_an_outage_that_memory_could_not_hold(bench: Bench) -> None:
    """It costs only space on the disk, also over a restart."""
    # Memory has room for one report, and for another one whose upload has just failed.
    async with bench.adapter(max_events=2_000) as adapter:
        await bench.platform.stop()
        for sent in range(1_000, 6_000, 1_000):
            await bench.report(adapter, 1_000)
            await bench.until_on_disk(sent)
    assert bench.on_disk() == 5_000
    await bench.platform.start()
    async with bench.adapter(max_events=2_000) as adapter:
        await bench.until_stored(5_000)
        lost = (await adapter.inspect("/analytics"))["lost"]
    assert (await bench.stored(), lost) == (5_000, {})


@asynccontextmanager
async def events_answered(answer: Callable[[], int]) -> AsyncIterator[str]:
    """A URL where events get the statuses that `answer` returns."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = [
            int(line.partition(b":")[2])
            for line in head.splitlines()
            if line.lower().startswith(b"content-length")
        ]
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % answer())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_refused_batch_waits_for_an_operator(bench: Bench, tmp_path: Path) -> None:
    """The line moves on. After `spool retry`, the running adapter uploads it again."""
    statuses: list[int] = []

    def answer() -> int:
        statuses.append(422 if not statuses else 202)
        return statuses[-1]

    async with events_answered(answer) as url:
        settings = settings_for(
            bench.platform,
            analytics={"batch_age_s": 0.1, "flush_interval_s": 0.1},
        ) | {"state_directory": str(bench.state)}
        settings["platform"]["analytics_url"] = url
        async with AdapterProcess(settings, tmp_path / "adapter") as adapter:
            await adapter.until_ready()
            await bench.report(adapter, 3)
            assert "refused 3 events for good" in await details(adapter, "events quarantined")
            await bench.report(adapter, 2)
            await until(lambda: statuses == [422, 202])

            config = ["--config", str(tmp_path / "adapter" / "adapter.yaml")]
            quarantined = ["--state", "quarantined", "--json", *config]
            listed = CliRunner().invoke(app, ["spool", "list", *quarantined])
            (batch,) = json.loads(listed.stdout)
            assert (batch["state"], batch["events"]) == ("quarantined", 3)
            assert "422" in batch["reason"]
            retried = CliRunner().invoke(app, ["spool", "retry", str(batch["id"]), *config])
            assert retried.exit_code == 0, retried.output
            await until(lambda: statuses == [422, 202, 202])
            await until(lambda: bench.on_disk() == 0)
            assert "events lost" not in (await adapter.readiness())["details"]


async def test_a_disk_that_becomes_full(bench: Bench) -> None:
    """Checks go on, events wait in memory, and go to the disk when it has room.

    The limit of a file's size is what an ordinary user can take from a running process.
    """
    async with bench.adapter() as adapter:
        await bench.platform.stop()
        await bench.report(adapter, 1_000)
        await bench.until_on_disk(1_000)
        resource.prlimit(adapter.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        await bench.report(adapter, 2_000)
        assert "kept in memory only" in await details(adapter, "events spool")
        assert (await adapter.check(bench.api_id)).status.code == 0
        assert bench.on_disk() == 1_000

        infinite = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(adapter.pid, resource.RLIMIT_FSIZE, infinite)
        await bench.until_on_disk(3_000)

        async def recovered() -> bool:
            return "events spool" not in (await adapter.readiness())["details"]

        await eventually(recovered)
        await bench.platform.start()
        await bench.until_stored(3_000)
        assert (await adapter.inspect("/analytics"))["lost"] == {}
    assert await bench.stored() == 3_000


async def test_a_damaged_file_at_the_start(bench: Bench) -> None:
    """The adapter starts, decides, reports the damage, and delivers new events."""
    bench.state.mkdir()
    bench.file.write_bytes(b"garbage" * 10_000)
    async with bench.adapter() as adapter:
        assert (await adapter.check(bench.api_id)).status.code == 0
        await bench.report(adapter, 10)
        said = await details(adapter, "events spool damaged")
        assert said.startswith(f"{bench.file} cannot be used: file is not a database")
        await bench.until_stored(10)
    (aside,) = bench.state.glob("events.spool.damaged-*")
    assert aside.read_bytes() == b"garbage" * 10_000


async def test_a_file_that_vanishes_while_it_is_used(bench: Bench) -> None:
    """The next events go into a new one, and what was lost is counted."""
    async with bench.adapter() as adapter:
        await bench.platform.stop()
        await bench.report(adapter, 10)
        await bench.until_on_disk(10)
        for path in bench.state.glob("events.spool*"):
            path.unlink()
        assert "was removed or replaced" in await details(adapter, "events spool damaged")
        lost = (await adapter.inspect("/analytics"))["lost"].get("spool_lost", 0)
        await bench.report(adapter, 5)
        await bench.until_on_disk(5)
        await bench.platform.start()
        await bench.until_stored(5)
    # A batch that was being uploaded was in memory.
    assert await bench.stored() == 15 - lost
