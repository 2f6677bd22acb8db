"""Workers that end, hang or can't start, without processes: tests/e2e has the real ones."""

import asyncio
import errno
import os
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapter.errors import ConfigurationError
from adapter.runtime.supervision import Supervisor
from adapter.workers.kept_worker import KeptWorker, Process, ended_words
from adapter.workers.place import WorkerPlace
from adapter.workers.workers import Workers
from tests.rig.clock import FakeClock
from tests.rig.polling import until


class FakeProcess:
    """A process that does what a test says."""

    def __init__(self, pid: int, *, obeys: bool) -> None:
        self.pid = pid
        self.signals: list[signal.Signals] = []
        self._obeys = obeys
        self._bound: asyncio.Future[Mapping[str, Any] | None] = asyncio.Future()
        self._ended: asyncio.Future[int] = asyncio.Future()

    def bind(self) -> None:
        """Have it bind its address."""
        self._bound.set_result({"grpc": [f"127.0.0.1:{self.pid}"]})

    def end(self, code: int) -> None:
        """Have it end."""
        self._ended.set_result(code)
        if not self._bound.done():
            self._bound.set_result(None)

    async def endpoints(self) -> Mapping[str, Any] | None:
        """See `Process`."""
        return await self._bound

    async def exit_code(self) -> int:
        """See `Process`."""
        return await asyncio.shield(self._ended)

    def send(self, number: signal.Signals) -> None:
        """See `Process`."""
        self.signals.append(number)
        if number is signal.SIGKILL or (self._obeys and number is signal.SIGTERM):
            self.end(-number)


class Rig:
    """Two workers, and the processes that were started for them."""

    def __init__(self, *, obeys: bool = True) -> None:
        self.clock = FakeClock()
        self.started: list[FakeProcess] = []
        self.failing = False
        """Whether the system has no process left."""
        self._obeys = obeys
        places = [WorkerPlace(number, Path("/nowhere")) for number in range(2)]
        self.kept = [KeptWorker(place, self._start, self.clock) for place in places]
        self.crashes: list[str] = []
        self.workers = Workers(self.kept, Supervisor(self.clock, self.crashes.append))

    async def _start(self) -> Process:
        if self.failing:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        process = FakeProcess(9001 + len(self.started), obeys=self._obeys)
        self.started.append(process)
        return process

    async def until_started(self, count: int) -> None:
        """Wait until so many processes were started."""
        await until(lambda: len(self.started) == count)

    async def start(self) -> list[Mapping[str, Any]]:
        """Start both."""
        starting = asyncio.create_task(self.workers.start())
        await self.until_started(2)
        for process in self.started:
            process.bind()
        return await starting


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Two workers."""
    rig = Rig()
    yield rig
    await rig.workers.stop(1)


async def test_both_start_and_stop(rig: Rig) -> None:
    """Their addresses are known, and none is started again."""
    found = await rig.start()
    assert found == [{"grpc": ["127.0.0.1:9001"]}, {"grpc": ["127.0.0.1:9002"]}]
    assert rig.workers.by_state == {("running",): 2, ("down",): 0}
    assert [worker.pid for worker in rig.workers] == [9001, 9002]
    with capture_logs() as logs:
        await rig.workers.stop(1)
    assert [process.signals for process in rig.started] == [[signal.SIGTERM]] * 2
    assert (len(rig.started), rig.workers.restarts, logs) == (2, 0, [])


async def test_one_that_ends_is_started_again(rig: Rig) -> None:
    """With a growing delay, which begins again after a long run."""
    await rig.start()
    waits = []
    for number in range(3, 6):
        with capture_logs() as logs:
            rig.started[-1].end(-signal.SIGKILL)
            await rig.clock.settle()
        assert rig.kept[1].pid is None
        assert rig.kept[1].state.startswith("ended by SIGKILL; starts again in ")
        assert rig.workers.by_state == {("running",): 1, ("down",): 1}
        waits.append(logs[0]["wait_s"])
        await rig.clock.advance(30)
        await rig.until_started(number)
        rig.started[-1].bind()
        await rig.clock.settle()
    assert waits[0] <= 0.5 <= waits[1] <= 1 <= waits[2] <= 2
    await rig.clock.advance(61)
    rig.started[-1].end(1)
    await rig.clock.advance(0.5)
    await rig.until_started(6)
    assert rig.kept[1].state == "starting"
    assert (rig.kept[0].restarts, rig.kept[1].restarts) == (0, 4)


async def test_signals_reach_those_that_run(rig: Rig) -> None:
    """One that is down has no use for them."""
    await rig.start()
    rig.started[0].end(0)
    await rig.clock.settle()
    rig.workers.send(signal.SIGHUP)
    assert [process.signals for process in rig.started] == [[], [signal.SIGHUP]]


async def test_one_that_cannot_use_its_settings(rig: Rig) -> None:
    """It would fail again and again, so the parent does not start."""
    starting = asyncio.create_task(rig.workers.start())
    await rig.until_started(2)
    rig.started[1].end(2)
    with pytest.raises(ConfigurationError, match=r"worker 1 cannot start; see above"):
        await starting


async def test_a_system_without_room_for_a_process(rig: Rig) -> None:
    """The worker starts when there is room again."""
    await rig.start()
    rig.failing = True
    rig.started[0].end(1)
    await rig.clock.advance(1)
    assert rig.kept[0].state.startswith("cannot be started: Resource temporarily unavailable; ")
    rig.failing = False
    await rig.clock.advance(3)
    await rig.until_started(3)
    assert rig.crashes == []


async def test_the_same_later_is_no_reason_to_give_up(rig: Rig) -> None:
    """A port may be in use only for a moment."""
    await rig.start()
    rig.started[0].end(2)
    await rig.clock.advance(1)
    await rig.until_started(3)


async def test_one_that_does_not_stop_is_killed() -> None:
    """At the deadline."""
    rig = Rig(obeys=False)
    await rig.start()
    with capture_logs() as logs:
        await rig.workers.stop(0.01)
    assert [process.signals for process in rig.started] == [[signal.SIGTERM, signal.SIGKILL]] * 2
    assert [log["event"] for log in logs] == ["worker.killed"] * 2


def test_how_a_process_ended() -> None:
    """In words."""
    assert ended_words(3) == "ended with exit code 3"
    assert ended_words(-9) == "ended by SIGKILL"
    assert ended_words(-40) == "ended by signal 40"
