"""From the last good states to the snapshot."""

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.sync.environment import Environment
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.publication import Publication
from adapter.platform_client.sync.tracked_api import TrackedApi
from adapter.policy.catalog import ApiContent, ApiInstance
from adapter.policy.snapshot import Api
from tests.rig.clock import FakeClock
from tests.rig.platform_options import options
from tests.unit.platform_client.sync_rig import Rig, no_jitter


async def test_a_bug_in_compiling_closes_the_api() -> None:
    """An API is never left without a policy that we failed to compile in an unforeseen way."""

    def broken(_content: ApiContent) -> Api:
        raise KeyError("a bug")

    clock = FakeClock()
    chosen = options().sync
    environment = Environment(chosen, clock, no_jitter)
    environment.automated = ()
    instance = ApiInstance("7", "orders")
    api = TrackedApi(instance, chosen, clock, no_jitter, content=ApiContent(instance))
    publication = Publication(SnapshotStore(clock), broken, environment, SyncObserver())
    publication.publish([api])
    in_force = publication.in_force("7")
    assert in_force is not None
    assert in_force.instance == instance
    assert "unforeseen" in in_force.faults[0]


async def test_a_policy_whose_server_the_operator_forbids_closes_its_api() -> None:
    """By the settings' default nothing inside the network may be called, not even loopback."""
    rig = Rig()
    where = {"ldapServerUserDn": "cn=a", "ldapServerUserPassword": "b", "ldapSearchBase": "dc=c"}
    rig.api.apply("ldap-authentication", where)
    async with rig.running():
        (fault,) = rig.in_force().faults
    assert "ldapServerURL: 127.0.0.1: " in fault
    assert "identity.allow_networks" in fault
