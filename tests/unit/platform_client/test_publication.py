"""From the last good states to the snapshot."""

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.sync.api_sync import ApiSync
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.publication import Publication
from adapter.policy.catalog import ApiContent, ApiInstance
from adapter.policy.snapshot import Api
from tests.rig.clock import FakeClock
from tests.rig.platform_simulator import PlatformSimulator, options


async def test_a_bug_in_compiling_closes_the_api() -> None:
    """An API is never left without a policy that we failed to compile in an unforeseen way."""

    def broken(_content: ApiContent) -> Api:
        raise KeyError("a bug")

    clock = FakeClock()
    client = PlatformSimulator(clock).client()
    instance = ApiInstance("7", "orders")
    api = ApiSync(instance, client, options(), clock, SyncObserver(), content=ApiContent(instance))
    publication = Publication(SnapshotStore(clock), broken, SyncObserver())
    compiled = publication.compiled(api, ())
    assert compiled.instance == instance
    assert "unforeseen" in compiled.faults[0]
