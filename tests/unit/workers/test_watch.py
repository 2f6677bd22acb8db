"""Workers that hang."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapter.operations.listener import OperatorListener
from adapter.operations.routes import Route, json_reply
from adapter.runtime.clock import SystemClock
from adapter.runtime.supervision import Supervisor
from adapter.workers.kept_worker import KeptWorker
from adapter.workers.place import WorkerPlace
from adapter.workers.watch import WorkerWatch
from adapter.workers.workers import Workers
from tests.rig.clock import FakeClock
from tests.unit.workers.test_kept_worker import FakeProcess


class Rig:
    """Two workers, of which only the first one answers."""

    def __init__(self, directory: Path) -> None:
        self.clock = FakeClock()
        self.processes = [FakeProcess(number, obeys=True) for number in (4711, 4712)]
        places = [WorkerPlace(number, directory) for number in range(2)]
        self.kept = [KeptWorker(place, self._start, self.clock) for place in places]
        self.workers = Workers(self.kept, Supervisor(self.clock, lambda _: None))
        self.watch = WorkerWatch(self.workers, self.clock)
        self._started = iter(self.processes)

    async def _start(self) -> FakeProcess:
        return next(self._started)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """The two, running."""
    rig = Rig(tmp_path)
    route = Route("/healthz", lambda _: json_reply({}))
    listener = OperatorListener(f"unix:{rig.kept[0].place.metrics}", [route], SystemClock())
    await listener.start()
    for process in rig.processes:
        process.bind()
    await rig.workers.start()
    yield rig
    await listener.stop()
    await rig.workers.stop(1)


async def test_one_that_hangs_is_killed(rig: Rig) -> None:
    """After the fourth question without an answer; the other one is left alone."""
    for _ in range(3):
        await rig.watch.look()
    assert [process.signals for process in rig.processes] == [[], []]
    with capture_logs() as logs:
        await rig.watch.look()
    assert [process.signals for process in rig.processes] == [[], [signal.SIGKILL]]
    assert [log["event"] for log in logs] == ["worker.hangs"]


async def test_one_that_starts_again_has_time(rig: Rig) -> None:
    """Only a process that runs can hang, and only questions in a row count."""
    for state in ("running", "running", "running", "starting") * 2:
        rig.kept[1].state = state
        await rig.watch.look()
    assert rig.processes[1].signals == []


async def test_the_watch_goes_on(rig: Rig) -> None:
    """Until it is cancelled."""
    watching = asyncio.create_task(rig.watch.run())
    with capture_logs() as logs:
        while not rig.processes[1].signals:
            await rig.clock.advance(5)
            await asyncio.sleep(0.001)
    assert logs[0]["event"] == "worker.hangs"
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
