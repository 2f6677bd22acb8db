"""The snapshot follows an environment file."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapter.app.environment_file import environment_file
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.environment_file.file_sync import FileSync
from adapter.platform_client.relay.frames import Changes
from adapter.platform_client.relay.receiver import RelayReceiver
from adapter.platform_client.relay.sender import RelaySender, Sent
from adapter.platform_client.sync.observer import PollKind, SyncObserver
from adapter.policy.snapshot import Api
from adapter.settings import PlatformSettings
from tests.rig.clock import ManualClock
from tests.rig.platform_options import options
from tests.rig.polling import until

BLOCKLIST = {"assetId": "ip-blocklist", "configurationData": {"ips": ["192.0.2.1"]}}
CONTRACT = {"application": "Shop"}
SHOP = {"name": "Shop", "clientId": "shop", "clientSecret": "${file:secret}"}


class Interrupted(ManualClock):
    """A clock on which something happens during the next wait."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    async def sleep(self, seconds: float) -> None:
        """See `ManualClock`."""
        happens, self.meanwhile = self.meanwhile, lambda: None
        happens()
        await super().sleep(seconds)


class Counted(SyncObserver):
    """Keeps the results of all polls."""

    def __init__(self) -> None:
        self.polls: list[tuple[PollKind, str]] = []

    def poll_succeeded(self, kind: PollKind) -> None:
        """See `SyncObserver`."""
        self.polls.append((kind, "succeeded"))

    def poll_failed(self, kind: PollKind, error: str) -> None:
        """See `SyncObserver`."""
        self.polls.append((kind, error))


class Rig:
    """A file with one API, number 7, and what the adapter makes of it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "environment.yaml"
        self.secret = directory / "secret"
        self.secret.write_text("s3cret")
        self.clock, self.observer = Interrupted(), Counted()
        self.store = SnapshotStore(self.clock)
        sync = options().sync
        file = environment_file(PlatformSettings(file=self.path), sync)
        self.sync = FileSync(file, self.store, sync, self.clock, self.observer)
        self.write()

    def write(self, *policies: object, api_id: int = 7, contracts: object = (CONTRACT,)) -> None:
        """Replace the file by one with these policies."""
        self.path.write_text(self.text(*policies, api_id=api_id, contracts=contracts))

    def text(self, *policies: object, api_id: int = 7, contracts: object = (CONTRACT,)) -> str:
        """A file with these policies."""
        api: dict[str, Any] = {"groupId": "g", "assetId": "orders", "assetVersion": "1.0.0"}
        api |= {"id": api_id, "policies": policies, "contracts": contracts}
        return json.dumps({"version": 1, "apis": [api], "applications": [SHOP]})

    async def poll(self) -> dict[str, list[str]]:
        """Look at the file; the policies in force of each API."""
        await self.sync.restore()
        apis = self.store.current.apis
        return {i: [ref.policy_type for ref in api.policy_refs] for i, api in apis.items()}

    @property
    def api(self) -> Api:
        """What Checks see of the API."""
        return self.store.current.apis["7"]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A file that nobody has read yet."""
    return Rig(tmp_path)


async def test_the_file_is_in_force_after_the_start(rig: Rig) -> None:
    """All that others ask the sync about says so."""
    assert not rig.sync.all_settled
    assert rig.sync.awaits("7")
    assert await rig.poll() == {"7": []}
    assert (rig.sync.all_settled, rig.sync.reached_platform) == (True, True)
    assert not rig.sync.awaits("8")
    (status,) = rig.sync.status().apis
    assert (status.origin, status.loaded, status.contracts, status.faults) == ("file", True, 1, ())
    assert rig.observer.polls == [("file", "succeeded")]


async def test_an_unchanged_file_publishes_nothing(rig: Rig) -> None:
    """Neither if only its time has changed; each look counts as a confirmation."""
    await rig.poll()
    before = rig.store.current
    rig.clock.time_s += 60
    await rig.poll()
    rig.path.touch()
    await rig.poll()
    assert rig.store.current is before
    assert rig.sync.synced_at("7") == rig.sync.last_contact() == rig.clock.now()


async def test_changes_take_effect(rig: Rig) -> None:
    """In place, by another file that is renamed, and in the file of a secret."""
    await rig.poll()
    before = rig.api
    rig.write(BLOCKLIST)
    assert await rig.poll() == {"7": ["ip-blocklist"]}
    assert next(iter(before.contracts)) is next(iter(rig.api.contracts))
    other = rig.path.with_name("new.yaml")
    other.write_text(rig.text({"assetId": "client-id-enforcement"}))
    other.rename(rig.path)
    assert await rig.poll() == {"7": ["client-id-enforcement"]}
    (contract,) = rig.api.contracts
    assert contract.is_proven_by("s3cret")
    rig.secret.write_text("rotated")
    await rig.poll()
    (contract,) = rig.api.contracts
    assert (contract.is_proven_by("s3cret"), contract.is_proven_by("rotated")) == (False, True)
    rig.write(contracts=[])
    await rig.poll()
    assert list(rig.api.contracts) == []
    rig.write(api_id=8)
    assert await rig.poll() == {"8": []}


async def test_automated_policies_reach_all_apis(rig: Rig) -> None:
    """Also those that have not changed themselves."""
    await rig.poll()
    content = json.loads(rig.path.read_text())
    rig.path.write_text(json.dumps({**content, "automatedPolicies": [BLOCKLIST]}))
    assert await rig.poll() == {"7": ["ip-blocklist"]}
    rig.path.write_text(json.dumps(content))
    assert await rig.poll() == {"7": []}


async def test_a_config_map_that_is_replaced(rig: Rig, tmp_path: Path) -> None:
    """Kubernetes changes a link to the directory; the path of the file has links to it."""
    for number, policies in enumerate(((), (BLOCKLIST,))):
        (tmp_path / f"data{number}").mkdir()
        (tmp_path / f"data{number}" / "environment.yaml").write_text(rig.text(*policies))
    link = tmp_path / "..data"
    link.symlink_to("data0")
    rig.path.unlink()
    rig.path.symlink_to(link / "environment.yaml")
    assert await rig.poll() == {"7": []}
    (tmp_path / "..tmp").symlink_to("data1")
    (tmp_path / "..tmp").rename(link)
    assert await rig.poll() == {"7": ["ip-blocklist"]}


async def test_a_bad_file_changes_nothing_and_is_named(rig: Rig) -> None:
    """It is logged once, counted at each look, and an alarm until the file is good."""
    rig.write(BLOCKLIST)
    await rig.poll()
    for bad in (rig.text({"assetId": "unknown"}), "apis: [", None):
        rig.path.unlink() if bad is None else rig.path.write_text(bad)
        with capture_logs() as logs:
            assert await rig.poll() == {"7": ["ip-blocklist"]}
            await rig.poll()
        assert [line["event"] for line in logs] == ["platform.poll_failed"]
        assert rig.observer.polls[-2:] == 2 * [("file", "EnvironmentFileError")]
        (alarm,) = rig.sync.alarms
        assert alarm.startswith(f"environment file {rig.path}: ")
    assert "No such file" in alarm
    contact = rig.sync.last_contact()
    rig.clock.time_s += 60
    assert rig.sync.last_contact() == contact
    rig.write(BLOCKLIST)
    with capture_logs() as logs:
        await rig.poll()
    assert (rig.sync.alarms, rig.api.faults) == ((), ())
    assert {line["event"] for line in logs} == {"platform.poll_recovered"}


async def test_a_bad_file_at_the_start_decides_nothing(rig: Rig) -> None:
    """The adapter is not ready, and takes over the file once it is good."""
    rig.path.write_text("version: 3")
    assert await rig.poll() == {}
    assert not rig.sync.all_settled
    assert rig.sync.awaits("7")
    rig.write()
    assert await rig.poll() == {"7": []}


async def test_half_a_file_is_never_read(rig: Rig) -> None:
    """A program that writes in place has not finished: the adapter waits for a second of rest."""
    rig.write(BLOCKLIST)
    await rig.poll()
    rig.write()  # a valid file, which would open the API
    rig.clock.meanwhile = lambda: rig.write(BLOCKLIST, contracts=[])
    before = rig.clock.monotonic()
    assert await rig.poll() == {"7": ["ip-blocklist"]}
    assert list(rig.api.contracts) == []
    assert rig.clock.monotonic() - before == 2


async def test_a_file_that_is_never_at_rest_is_named(rig: Rig) -> None:
    """And tried again at the next look."""
    await rig.poll()

    def write() -> None:
        # Longer each time, because times of files may be the same for some milliseconds.
        tier = "x" * int(rig.clock.time_s)
        rig.write(BLOCKLIST, contracts=[{**CONTRACT, "requestedTier": tier}])
        rig.clock.meanwhile = write

    write()
    assert await rig.poll() == {"7": []}
    assert "it changes all the time; write another file, and rename it" in rig.sync.alarms[0]
    rig.clock.meanwhile = lambda: None
    assert await rig.poll() == {"7": ["ip-blocklist"]}


async def test_a_secret_that_cannot_be_read_is_waited_for(rig: Rig) -> None:
    """The file of a reference is watched, also while it is missing."""
    await rig.poll()
    rig.secret.unlink()
    await rig.poll()
    assert f"cannot read {rig.secret}" in rig.sync.alarms[0]
    rig.secret.write_text("back")
    await rig.poll()
    assert rig.sync.alarms == ()
    (contract,) = rig.api.contracts
    assert contract.is_proven_by("back")


@pytest.fixture
async def follower(rig: Rig, tmp_path: Path) -> AsyncIterator[RelayReceiver]:
    """Another worker, which follows the one that reads the file."""
    socket, clock = tmp_path / "relay", rig.clock
    receiver = RelayReceiver(socket, SnapshotStore(clock), options().sync, clock)
    sending = asyncio.create_task(RelaySender(rig.sync, socket).run())
    await until(socket.exists)
    receiving = asyncio.create_task(receiver.run())
    yield receiver
    for task in (receiving, sending):
        task.cancel()
    await asyncio.gather(receiving, sending, return_exceptions=True)


async def test_other_workers_follow(rig: Rig, follower: RelayReceiver) -> None:
    """They get what the syncing worker has read, and the same errors."""
    rig.write(BLOCKLIST)
    await rig.poll()
    assert (await follower.sync_now()).failures == {}
    assert follower.status().apis == rig.sync.status().apis
    assert follower.reached_platform


async def test_a_policy_that_moves_is_never_missing(rig: Rig) -> None:
    """From an API to the automated policies, while another worker is being told."""
    rig.write(BLOCKLIST)
    await rig.poll()
    answer = Sent().answer(rig.sync)
    begun = [next(answer)]
    rig.path.write_text(json.dumps({**json.loads(rig.text()), "automatedPolicies": [BLOCKLIST]}))
    await rig.poll()
    changes = Changes()
    for frame in filter(None, [*begun, *answer]):
        changes.take(json.loads(frame[4:]))
    content = changes.states[-1].content
    assert content is not None
    assert content.policies == ()
    assert [policy.policy_type for policy in changes.automated or ()] == ["ip-blocklist"]


async def test_sync_now(rig: Rig) -> None:
    """SIGHUP and `POST /sync` take over a change at once, or say why it cannot be used."""
    running = asyncio.create_task(rig.sync.run())
    await until(lambda: rig.sync.all_settled)
    rig.write(BLOCKLIST)
    report = await rig.sync.sync_now()
    assert [ref.policy_type for ref in rig.api.policy_refs] == ["ip-blocklist"]
    assert report.failures == {}
    rig.path.write_text("[]")
    report = await rig.sync.sync_now()
    assert list(report.failures) == [f"environment file {rig.path}"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
