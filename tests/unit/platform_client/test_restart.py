"""A restart serves from the disk copy while the platform is down."""

import asyncio
from pathlib import Path
from typing import Any

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.disk.copy import DiskCopy
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.platform_sync import PlatformSync
from tests.rig.clock import FakeClock
from tests.rig.platform_options import options
from tests.rig.platform_simulator import PlatformSimulator, answering

ENVIRONMENT = "org/env"


class Counts(SyncObserver):
    """Counts what the disk did."""

    def __init__(self) -> None:
        self.written = self.failed = self.rejected = 0
        self.first_publication = asyncio.Event()

    def published(self, apis: int) -> None:
        """Some APIs."""
        self.first_publication.set()

    def disk_written(self, byte_count: int) -> None:
        """A file."""
        self.written += 1

    def disk_failed(self) -> None:
        """No file."""
        self.failed += 1

    def disk_rejected(self) -> None:
        """A bad file."""
        self.rejected += 1


class Restarts:
    """One platform and one disk, and as many processes one after the other as a test wants."""

    def __init__(self, path: Path) -> None:
        self.clock = FakeClock()
        self.platform = PlatformSimulator(self.clock)
        self.path = path
        self.counts = Counts()

    def start(self, **changes: Any) -> tuple[PlatformSync, SnapshotStore]:
        """A new process."""
        store = SnapshotStore(self.clock)
        sync = PlatformSync(
            self.platform.client(**changes),
            store,
            options(**changes).sync,
            self.clock,
            disk=DiskCopy(self.path, "gateway-secret", ENVIRONMENT, self.clock),
            observer=self.counts,
            jitter=lambda: 1.0,
        )
        return sync, store


def block(path: Path) -> None:
    """Put something there that cannot be replaced by a file."""
    path.mkdir(parents=True)


def unblock(path: Path) -> None:
    """Take it away."""
    path.rmdir()


def spoil(path: Path) -> None:
    """Put a file there that is no disk copy."""
    path.parent.mkdir()
    path.write_bytes(b"rubbish")


async def test_a_restart_serves_while_the_platform_is_down(path: Path) -> None:
    """Policies, automated policies, tiers and contracts are in force again, and nothing is lost."""
    restarts = Restarts(path)
    api = restarts.platform.add_api("7", "orders")
    api.apply("ip-blocklist", {"ips": ["192.0.2.1"]})
    restarts.platform.automate("client-id-enforcement")
    api.grant("app", slaTierId=api.offer("Gold", (10, 1000)))
    first, first_store = restarts.start()
    await first.sync_once()
    restarts.platform.fail("", answering(503))
    second, second_store = restarts.start()
    await second.restore()
    restored, original = second_store.current.apis["7"], first_store.current.apis["7"]
    assert list(restored.contracts) == list(original.contracts)
    assert [p.ref for p in restored.policies] == [p.ref for p in original.policies]
    assert second.all_settled
    assert not second.reached_platform
    await second.sync_once()
    status = second.status().apis[0]
    assert (status.origin, status.loaded, status.confirmed_at) == ("disk", True, 1_800_000_000.0)
    restarts.platform.recover()
    await restarts.clock.advance(15)
    before = second_store.current
    await second.sync_once()
    assert second.status().apis[0].origin == "platform"
    assert second_store.current is before


async def test_an_empty_list_after_a_restart_is_confirmed_too(path: Path) -> None:
    """The disk copy counts as what was known: an API does not open by restarting the adapter."""
    restarts = Restarts(path)
    api = restarts.platform.add_api("7")
    api.apply("ip-blocklist", {"ips": ["192.0.2.1"]})
    await restarts.start()[0].sync_once()
    api.remove_policies()
    sync, store = restarts.start()
    await sync.restore()
    await sync.sync_once()
    assert len(store.current.apis["7"].policies) == 1
    await sync.sync_once()
    assert not store.current.apis["7"].policies


async def test_the_operators_list_applies_to_the_disk_copy(path: Path) -> None:
    """An API taken off the list of ids does not come back from disk."""
    restarts = Restarts(path)
    restarts.platform.add_api("7")
    restarts.platform.add_api("8")
    await restarts.start()[0].sync_once()
    sync, store = restarts.start(apis=("8",))
    await sync.restore()
    assert store.current.apis.keys() == {"8"}


async def test_nothing_new_is_not_written(path: Path) -> None:
    """A quiet platform does not wear out the disk."""
    restarts = Restarts(path)
    restarts.platform.add_api("7")
    sync, _ = restarts.start()
    for _ in range(3):
        await sync.sync_once()
        await restarts.clock.advance(61)
    assert restarts.counts.written == 1


async def test_a_failing_disk_is_an_alarm_not_a_stop(path: Path) -> None:
    """The sync goes on, says what is wrong, and writes as soon as the disk is back."""
    restarts = Restarts(path)
    restarts.platform.add_api("7")
    block(path)
    sync, store = restarts.start()
    await sync.sync_once()
    assert "7" in store.current.apis
    assert "disk copy cannot be written" in sync.status().alarms[0]
    assert restarts.counts.failed == 1
    unblock(path)
    await sync.sync_once()
    assert sync.status().alarms == ()
    assert restarts.counts.written == 1


async def test_a_rejected_disk_copy_is_an_alarm_not_a_stop(path: Path) -> None:
    """A bad file delays the start by nothing but the first poll."""
    restarts = Restarts(path)
    restarts.platform.add_api("7")
    spoil(path)
    sync, store = restarts.start()
    await sync.restore()
    assert restarts.counts.rejected == 1
    assert "set aside" in sync.status().alarms[0]
    await sync.sync_once()
    assert "7" in store.current.apis


async def test_the_end_of_the_process_saves_what_is_new(path: Path) -> None:
    """Stopping right after a change loses none of it."""
    restarts = Restarts(path)
    restarts.platform.add_api("7")
    sync, _ = restarts.start()
    task = asyncio.create_task(sync.run())
    await asyncio.wait_for(restarts.counts.first_publication.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    again, restored = restarts.start()
    await again.restore()
    assert "7" in restored.current.apis
