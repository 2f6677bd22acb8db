"""Syncs that an operator asks for, while the loops run."""

import asyncio

import pytest

from adapter.platform_client.sync.poll_loop import PollLoop
from adapter.platform_client.sync.sync_on_demand import SyncOnDemand, SyncReport
from tests.rig.clock import FakeClock
from tests.rig.platform_simulator import answering
from tests.unit.platform_client.sync_rig import BLOCKLIST, Rig

EMPTY = SyncReport(1, (), (), {})


async def test_what_changed_is_in_force_at_once_and_told(rig: Rig) -> None:
    """Without waiting for the next poll: a policy, a new API, and an API that is gone."""
    rig.platform.add_api("8", "stock")
    async with rig.running():
        rig.api.apply("ip-blocklist", BLOCKLIST)
        rig.platform.add_api("9", "prices")
        report = await rig.sync.sync_now()
        assert rig.policy_types() == ["ip-blocklist"]
        assert report == SyncReport(rig.store.current.revision, ("7", "9"), (), {})
        assert (await rig.sync.sync_now()).changed_apis == ()
        del rig.platform.apis["8"]
        for _ in range(3):  # an API is dropped when the platform has said twice that it is gone
            report = await rig.sync.sync_now()
        assert report.removed_apis == ("8",)


async def test_no_backoff_is_waited_for(rig: Rig) -> None:
    """After an outage: neither that of the polls nor that of the login."""
    rig.platform.fail("/oauth2/token", answering(503))
    async with rig.running():
        await rig.clock.advance(600)
        report = await rig.sync.sync_now()
        assert report.failures.keys() == {"API instances", "automated policies"}
        assert "the platform answered 503" in report.failures["API instances"]
        rig.platform.recover()
        report = await rig.sync.sync_now()
        assert (report.changed_apis, report.failures) == (("7",), {})
        rig.api.apply("ip-blocklist", BLOCKLIST)
        await rig.clock.advance(16)
        assert rig.policy_types() == ["ip-blocklist"]


async def test_a_sync_before_the_first_one_waits_for_it(rig: Rig) -> None:
    """It neither fails nor reports an empty snapshot."""
    asked = asyncio.create_task(rig.sync.sync_now())
    await rig.clock.settle()
    assert not asked.done()
    async with rig.running():
        assert (await asked).failures == {}
        assert rig.store.current.apis.keys() == {"7"}


async def test_a_poll_that_began_before_the_question_is_no_answer() -> None:
    """It may have missed what the asker knows of."""
    clock, begun, polls = FakeClock(), asyncio.Event(), 0

    async def poll() -> float:
        nonlocal polls
        polls += 1
        begun.set()
        await clock.sleep(1)
        return 60

    loop = PollLoop(poll, clock)
    running = asyncio.create_task(loop.run())
    await begun.wait()
    asked = loop.now()
    await clock.advance(1)
    assert (polls, asked.done()) == (2, False)
    await clock.advance(1)
    assert (polls, asked.done()) == (2, True)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_who_asks_a_loop_that_ends_does_not_wait_for_ever() -> None:
    """Whether it is cancelled or no longer wanted."""
    clock = FakeClock()

    async def poll() -> float:
        await clock.sleep(60)
        return 60

    loop = PollLoop(poll, clock)
    running = asyncio.create_task(loop.run())
    await clock.settle()
    asked = loop.now()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await asked


class Syncs:
    """Counts syncs, each of which takes two seconds."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.begun_at: list[float] = []
        self.on_demand = SyncOnDemand(self._sync, self.clock)

    async def _sync(self) -> SyncReport:
        self.begun_at.append(self.clock.monotonic())
        await self.clock.sleep(2)
        return EMPTY

    def ask(self) -> "asyncio.Task[SyncReport]":
        """Somebody asks."""
        return asyncio.create_task(self.on_demand.sync())


async def test_two_who_ask_together_share_a_sync() -> None:
    """One that begins after both."""
    syncs = Syncs()
    first = syncs.ask()
    await syncs.clock.advance(0.01)
    second = syncs.ask()
    await syncs.clock.advance(3)
    assert (await first, await second) == (EMPTY, EMPTY)
    assert syncs.begun_at == [0.05]


async def test_those_who_ask_during_a_sync_share_the_next_one() -> None:
    """They may know of changes that the running one has missed."""
    syncs = Syncs()
    asked = [syncs.ask()]
    await syncs.clock.advance(1)
    asked += [syncs.ask() for _ in range(10)]
    await syncs.clock.advance(10)
    assert [await task for task in asked] == [EMPTY] * 11
    assert syncs.begun_at == pytest.approx([0.05, 2.1])


async def test_an_asker_who_leaves_ends_nobody_elses_sync() -> None:
    """And closing ends all."""
    syncs = Syncs()
    first, second = syncs.ask(), syncs.ask()
    await syncs.clock.advance(1)
    first.cancel()
    await syncs.clock.advance(3)
    assert await second == EMPTY
    third = syncs.ask()
    await syncs.clock.advance(1)
    await syncs.on_demand.close()
    assert isinstance((await asyncio.gather(third, return_exceptions=True))[0], BaseException)
