"""One worker syncs with the platform, and others follow it over a socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapter.authorization.gatekeeper import TOO_STALE, Gatekeeper
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.relay.receiver import RelayReceiver
from adapter.platform_client.relay.sender import RelaySender
from adapter.policy.snapshot import Api
from tests.rig.clock import FakeClock
from tests.rig.platform_options import options
from tests.rig.platform_simulator import answering
from tests.rig.polling import until
from tests.unit.platform_client.sync_rig import BLOCKLIST, Rig


@asynccontextmanager
async def running(run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """A loop in the background."""
    task = asyncio.ensure_future(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Follower:
    """A worker that asks at `path`, and only when a test says so: its clock stands still."""

    def __init__(self, path: Path, **changes: Any) -> None:
        self.clock = FakeClock()
        self.store = SnapshotStore(self.clock)
        self.state = RelayReceiver(path, self.store, options(**changes).sync, self.clock)

    def in_force(self, api_id: str = "7") -> Api:
        """What Checks see of an API."""
        return self.store.current.apis[api_id]

    async def follow(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Ask now; returns the ids of what changed, and of what was removed."""
        report = await self.state.sync_now()
        assert report.failures == {}
        return report.changed_apis, report.removed_apis


@asynccontextmanager
async def sending(rig: Rig, path: Path) -> AsyncIterator[None]:
    """The syncing worker tells what it knows."""
    async with running(RelaySender(rig.sync, path).run):
        await until(path.exists)
        yield


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    """Where the two meet."""
    return tmp_path / "relay"


@pytest.fixture
async def follower(rig: Rig, socket: Path) -> AsyncIterator[Follower]:
    """A follower of the rig's sync."""
    follower = Follower(socket)
    async with sending(rig, socket), running(follower.state.run):
        yield follower


async def test_everything_arrives(rig: Rig, follower: Follower) -> None:
    """Policies, automated ones, tiers, contracts with their secrets, and what reports need."""
    rig.platform.automate("client-id-enforcement")
    rig.api.apply("ip-blocklist", BLOCKLIST)
    tier = rig.api.offer("Gold", (10, 1000))
    for number in range(450):
        rig.api.grant(f"client-{number}", requestedTierId=tier)
    await rig.sync.sync_once()
    assert await follower.follow() == (("7",), ())
    mine, theirs = follower.in_force(), rig.in_force()
    assert (mine.instance, mine.policy_refs, mine.tiers, mine.faults) == (
        theirs.instance,
        theirs.policy_refs,
        theirs.tiers,
        (),
    )
    assert {c.client_id: c for c in mine.contracts} == {c.client_id: c for c in theirs.contracts}
    assert len(mine.contracts) == 450
    (status,), (original,) = follower.state.status().apis, rig.sync.status().apis
    assert status == original
    assert follower.state.environment_revisions == rig.sync.environment_revisions
    assert follower.state.last_contact() == rig.sync.last_contact()


async def test_only_changes_are_compiled(rig: Rig, follower: Follower) -> None:
    """A poll that changes nothing publishes nothing; a changed API leaves the others alone."""
    rig.platform.add_api("8", "stock")
    await rig.sync.sync_once()
    await follower.follow()
    await rig.sync.sync_once()
    assert await follower.follow() == ((), ())
    rig.api.apply("ip-blocklist", BLOCKLIST)
    await rig.sync.sync_once()
    assert await follower.follow() == (("7",), ())
    assert [ref.policy_type for ref in follower.in_force().policy_refs] == ["ip-blocklist"]
    rig.platform.automate("client-id-enforcement")
    await rig.sync.sync_once()
    assert await follower.follow() == (("7", "8"), ())


async def test_a_revocation_arrives(rig: Rig, follower: Follower) -> None:
    """Also if another part of the poll failed."""
    contract = rig.api.grant("client")
    await rig.sync.sync_once()
    await follower.follow()
    assert len(follower.in_force().contracts) == 1
    rig.api.revoke(contract)
    rig.platform.fail("/7/policies", answering(500))
    await rig.sync.sync_once()
    await follower.follow()
    assert len(follower.in_force().contracts) == 0


async def test_nothing_is_known_before_the_syncing_worker_knows_it(
    rig: Rig, follower: Follower
) -> None:
    """So a follower is not ready before it can decide."""
    await follower.follow()
    assert not follower.state.all_settled
    rig.platform.fail("/7/policies", answering(500))
    await rig.sync.sync_once()
    await follower.follow()
    assert follower.state.all_settled
    assert "not loaded yet" in follower.in_force().faults[0]
    rig.platform.recover()
    await rig.sync.sync_once()
    await follower.follow()
    assert follower.in_force().faults == ()


async def test_the_last_state_stays_while_nobody_sends(rig: Rig, socket: Path) -> None:
    """It is an alarm, and it becomes too old for the gatekeeper."""
    follower = Follower(socket)
    gate = Gatekeeper(follower.clock, follower.state, mode="flexible", max_age_s=60)
    async with running(follower.state.run):
        assert (await follower.state.sync_now()).failures
        async with sending(rig, socket):
            await rig.sync.sync_once()
            await follower.follow()
            assert not follower.state.alarms
            assert gate.objection("7", loaded=True) is None
        with capture_logs() as logs:
            for _ in range(4):
                await follower.state.sync_now()
            await follower.clock.advance(4)
            await until(lambda: follower.state.alarms)
            await follower.state.sync_now()
        assert [log["event"] for log in logs] == ["relay.failed"]
        (alarm,) = follower.state.alarms
        assert alarm.startswith("the worker that syncs does not answer (since 20")
        assert follower.in_force().faults == ()
        await follower.clock.advance(61)
        assert gate.objection("7", loaded=True) is TOO_STALE


async def test_a_restart_of_the_syncing_worker(rig: Rig, socket: Path) -> None:
    """What the new one does not know yet stays; then what it lacks is dropped."""
    follower = Follower(socket, apis=None)
    rig.platform.add_api("8", "stock")
    async with running(follower.state.run):
        async with sending(rig, socket):
            await rig.sync.sync_once()
            await follower.follow()
        again = Rig()
        again.api.apply("ip-blocklist", BLOCKLIST)
        async with sending(again, socket):
            await follower.follow()
            assert set(follower.store.current.apis) == {"7", "8"}
            again.platform.fail("/7/policies", answering(500))
            await again.sync.sync_once()
            assert await follower.follow() == ((), ("8",))
            assert follower.in_force().faults == ()
            again.platform.recover()
            await again.sync.sync_once()
            assert await follower.follow() == (("7",), ())
    assert [ref.policy_type for ref in follower.in_force().policy_refs] == ["ip-blocklist"]


async def test_an_api_that_is_gone(rig: Rig, follower: Follower) -> None:
    """It is closed, and then dropped, as in the syncing worker."""
    rig.platform.add_api("8", "stock")
    await rig.sync.sync_once()
    await follower.follow()
    del rig.platform.apis["8"]
    for _ in range(3):
        await rig.sync.sync_once()
        await follower.follow()
        assert set(follower.store.current.apis) == set(rig.store.current.apis)
        await rig.clock.advance(61)
    assert set(follower.store.current.apis) == {"7"}


async def test_an_answer_that_stops_in_the_middle(socket: Path) -> None:
    """Nothing of it is taken over."""
    follower = Follower(socket)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        writer.write(b"\x00\x00\x00\x20[")
        writer.close()

    async with await asyncio.start_unix_server(serve, socket), running(follower.state.run):
        assert (await follower.state.sync_now()).failures
    assert not follower.state.all_settled
