"""Background tasks that must not die unnoticed."""

import asyncio

from adapter.runtime.supervision import Supervisor
from tests.rig.clock import FakeClock


class Flaky:
    """Fails this many times, then waits until cancelled."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.runs = 0

    async def run(self) -> None:
        """One life of the task."""
        self.runs += 1
        if self.runs <= self.failures:
            raise ValueError("out of luck")
        await asyncio.Event().wait()


async def test_a_task_that_crashes_is_counted_and_started_again() -> None:
    """A bug in the sync costs a pause, not the sync."""
    clock, crashes, flaky = FakeClock(), list[str](), Flaky(failures=2)
    supervisor = Supervisor(clock, crashes.append)
    supervisor.start("sync", flaky.run)
    await clock.settle()
    assert not supervisor.health["sync"].running
    assert supervisor.health["sync"].last_error == "ValueError: out of luck"
    await clock.advance(60)
    assert (flaky.runs, crashes) == (3, ["sync", "sync"])
    assert supervisor.health["sync"].running
    assert supervisor.health["sync"].crashes == 2
    await supervisor.stop()


async def test_a_task_that_ends_is_started_again_too() -> None:
    """The end of a background task does not go unnoticed."""
    clock, crashes = FakeClock(), list[str]()
    runs = 0

    async def ends() -> None:
        nonlocal runs
        runs += 1

    supervisor = Supervisor(clock, crashes.append)
    supervisor.start("loop", ends)
    await clock.advance(1)
    assert runs == 2
    assert "should run until it is stopped" in supervisor.health["loop"].last_error
    await supervisor.stop()


async def test_stopping_waits_until_the_task_is_gone() -> None:
    """What a task does on its way out is done before the stop returns."""
    left = False

    async def tidy() -> None:
        nonlocal left
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            left = True

    clock = FakeClock()
    supervisor = Supervisor(clock, list[str]().append)
    supervisor.start("tidy", tidy)
    await clock.settle()
    await supervisor.stop("tidy")
    assert left
