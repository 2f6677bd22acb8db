"""The sync against our own control plane, over real HTTP on loopback."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import PlatformRefusedError
from adapter.platform_client.http.aiohttp_client import AiohttpClient
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.sync.platform_sync import PlatformSync
from adapter.policy.snapshot import Api
from adapter.runtime.authorities import authorities
from adapter.runtime.clock import SystemClock
from control_plane.store.backup import back_up
from control_plane.store.schema import CONFIGURATION
from tests.builders import by_client
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.platform_options import options
from tests.rig.platform_simulator import opened


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[RunningControlPlane]:
    """A control plane that gives out its contracts two at a time."""
    async with running_control_plane(tmp_path, contract_page_size=2) as platform:
        yield platform


class Adapter:
    """The part of an adapter that syncs."""

    def __init__(self, platform: RunningControlPlane, **changes: Any) -> None:
        credentials = platform.credentials
        values: dict[str, Any] = {
            "base_url": platform.base_url,
            "organization_id": credentials.organization_id,
            "environment_id": credentials.environment_id,
            "client_id": credentials.gateway_client_id,
            "client_secret": credentials.gateway_client_secret,
            "instance_interval_s": 0.0,
            "tier_interval_s": 0.0,
        }
        chosen = options(**(values | changes))
        clock = SystemClock()
        self.store = SnapshotStore(clock)
        self.http = AiohttpClient(authorities())
        self.client = PlatformClient(opened(self.http), chosen.platform, clock)
        self.sync = PlatformSync(self.client, self.store, chosen.sync, clock)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.http.close()

    def api(self, api_id: int) -> Api:
        """What is in force for an API."""
        return self.store.current.apis[str(api_id)]


@pytest.fixture
async def adapter(platform: RunningControlPlane) -> AsyncIterator[Adapter]:
    """An adapter that polls that control plane."""
    adapter = Adapter(platform)
    async with aclosing(adapter):
        yield adapter


async def test_an_admins_work_arrives(platform: RunningControlPlane, adapter: Adapter) -> None:
    """Instance, policies, tiers, applications and contracts come over as the admin made them."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    await admin.apply_policy(api_id, "ip-blocklist", {"ips": ["192.0.2.1"]})
    await admin.apply_automated_policy("client-id-enforcement", {})
    gold = (await admin.create_tier(api_id, "Gold", [(100, 60_000)]))["id"]
    applications = [await admin.create_application(f"app-{n}") for n in range(5)]
    for application in applications:
        await admin.request_contract(api_id, application["id"], gold)
    await adapter.sync.sync_once()
    api = adapter.api(api_id)
    assert api.faults == ()
    assert api.instance.name == "orders"
    assert [policy.ref.policy_type for policy in api.policies] == [
        "client-id-enforcement",
        "ip-blocklist",
    ]
    assert len(api.contracts) == 5
    for application in applications:
        contract = by_client(api.contracts)[application["clientId"]]
        assert contract.tier_id is not None
        assert api.tiers[contract.tier_id].name == "Gold"
        assert contract.secret is not None
        assert contract.secret.matches(application["clientSecret"])
        assert not contract.secret.matches("wrong")


async def test_every_change_arrives_with_the_next_poll(
    platform: RunningControlPlane, adapter: Adapter
) -> None:
    """Revoke, restore, a new secret, a new policy, a policy removed: one poll each."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    await admin.apply_policy(api_id, "client-id-enforcement", {})
    application = await admin.create_application("app")
    contract_id = (await admin.request_contract(api_id, application["id"]))["id"]
    client_id = application["clientId"]
    await adapter.sync.sync_once()
    assert client_id in by_client(adapter.api(api_id).contracts)

    await admin.revoke(api_id, contract_id)
    await adapter.sync.sync_once()
    assert client_id not in by_client(adapter.api(api_id).contracts)

    await admin.restore(api_id, contract_id)
    new_secret = await admin.reset_secret(application["id"])
    await adapter.sync.sync_once()
    secret = by_client(adapter.api(api_id).contracts)[client_id].secret
    assert secret is not None
    assert secret.matches(new_secret)
    assert not secret.matches(application["clientSecret"])

    newest_secret = await admin.reset_secret(application["id"], overlap_s=600)
    await adapter.sync.sync_once()
    secret = by_client(adapter.api(api_id).contracts)[client_id].secret
    assert secret is not None
    assert secret.matches(newest_secret)
    assert secret.matches(new_secret)

    blocklist = await admin.apply_policy(api_id, "ip-blocklist", {"ips": ["192.0.2.1"]})
    await adapter.sync.sync_once()
    assert len(adapter.api(api_id).policies) == 2
    await admin.delete_policy(api_id, blocklist["id"])
    await adapter.sync.sync_once()
    assert len(adapter.api(api_id).policies) == 1


async def test_what_becomes_of_requests_and_tiers_arrives(
    platform: RunningControlPlane, adapter: Adapter
) -> None:
    """Asking again, restoring, a tier without limits, and a tier that is deleted."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    manual = (await admin.create_tier(api_id, "Manual", [(5, 1000)], auto_approve=False))["id"]
    empty = (await admin.create_tier(api_id, "Empty", []))["id"]
    application = await admin.create_application("app")

    async def tier() -> str | None:
        """The tier of the contract in force; fail if there is none or it has a fault."""
        await adapter.sync.sync_once()
        contract = by_client(adapter.api(api_id).contracts)[application["clientId"]]
        assert contract.fault is None
        return contract.tier_id

    contract_id = (await admin.request_contract(api_id, application["id"], manual))["id"]
    await admin.reject(api_id, contract_id)
    again = await admin.request_contract(api_id, application["id"], empty)
    assert again["id"] == contract_id
    assert await tier() == str(empty)
    assert adapter.api(api_id).tiers[str(empty)].limits == ()

    await admin.change_contract(api_id, contract_id, requestedTierId=manual)
    await admin.revoke(api_id, contract_id)
    await admin.restore(api_id, contract_id)
    assert await tier() == str(empty)

    await admin.revoke(api_id, contract_id)
    await admin.delete_tier(api_id, empty)
    await admin.change_contract(api_id, contract_id, status="APPROVED", tierId=manual)
    assert await tier() == str(manual)


async def test_an_automated_policy_with_a_pointcut_leaves_the_rest_to_the_apis_own(
    platform: RunningControlPlane, adapter: Adapter
) -> None:
    """Each is asked in its part; an automated policy for Mule runtimes overrides nothing."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    await admin.apply_policy(api_id, "access-block", {})
    health = [{"methodRegex": "GET", "uriTemplateRegex": "/health"}]
    everybody = {"ips": ["203.0.113.1"]}
    await admin.apply_policy(api_id, "ip-blocklist", {"ips": ["192.0.2.0/24"]})
    await admin.apply_automated_policy("ip-blocklist", everybody, pointcutData=health)
    rule = {"environmentId": platform.credentials.environment_id, "technologies": ["mule4"]}
    await admin.apply_automated_policy("access-block", {}, ruleOfApplication=rule)
    await adapter.sync.sync_once()
    found = [
        (policy.ref.policy_type, len(policy.rule.pointcuts), len(policy.rule.overridden))
        for policy in adapter.api(api_id).policies
    ]
    assert found == [("ip-blocklist", 1, 0), ("access-block", 0, 0), ("ip-blocklist", 1, 1)]


async def test_a_quiet_platform_is_a_no_op(platform: RunningControlPlane, adapter: Adapter) -> None:
    """Nothing is published while nothing changes."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    await platform.admin.apply_policy(api_id, "client-id-enforcement", {})
    await adapter.sync.sync_once()
    before = adapter.store.current
    await adapter.sync.sync_once()
    assert adapter.store.current is before


async def test_an_outage_changes_nothing_and_ends_by_itself(
    platform: RunningControlPlane, adapter: Adapter
) -> None:
    """While the platform is down the last good state stays; afterwards the sync goes on."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    await admin.apply_policy(api_id, "client-id-enforcement", {})
    await adapter.sync.sync_once()
    before = adapter.store.current
    await platform.stop()
    await adapter.sync.sync_once()
    assert adapter.store.current is before
    assert adapter.sync.status().alarms
    await platform.start()
    await admin.apply_policy(api_id, "ip-blocklist", {"ips": ["192.0.2.1"]})
    await adapter.sync.sync_once()
    assert len(adapter.api(api_id).policies) == 2
    assert adapter.sync.status().alarms == ()


async def test_a_restored_platform_is_read_anew_by_the_next_poll(
    platform: RunningControlPlane, adapter: Adapter, tmp_path: Path
) -> None:
    """Numbers of the lost changes are given again: the old cursor must not hide a revocation."""
    admin, file, copy = platform.admin, platform.database, tmp_path / "copy.db"
    api_id = (await admin.create_api("orders"))["id"]
    policy = await admin.apply_policy(api_id, "client-id-enforcement", {})
    application = await admin.create_application("app")
    contract_id = (await admin.request_contract(api_id, application["id"]))["id"]
    back_up(file, copy, CONFIGURATION)
    await admin.delete_policy(api_id, policy["id"])
    for status in ("REVOKED", "APPROVED"):
        await admin.change_contract(api_id, contract_id, status=status)
    await adapter.sync.sync_once()
    assert application["clientId"] in by_client(adapter.api(api_id).contracts)
    await platform.stop()
    copy.rename(file)
    await platform.start()
    await admin.log_in()
    await admin.revoke(api_id, contract_id)
    for name in ("a", "b", "c"):
        other = await admin.create_application(name)
        await admin.request_contract(api_id, other["id"])
    await adapter.sync.sync_once()
    assert application["clientId"] not in by_client(adapter.api(api_id).contracts)
    assert len(adapter.api(api_id).contracts) == 3
    assert len(adapter.api(api_id).policies) == 1


async def test_a_deleted_api_is_closed_then_forgotten(
    platform: RunningControlPlane, adapter: Adapter
) -> None:
    """What the admin deletes lets nobody through any more."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    await adapter.sync.sync_once()
    await platform.admin.delete_api(api_id)
    await adapter.sync.sync_once()
    await adapter.sync.sync_once()
    assert adapter.api(api_id).faults
    await adapter.sync.sync_once()
    assert str(api_id) not in adapter.store.current.apis


async def test_wrong_credentials_are_named(platform: RunningControlPlane) -> None:
    """The operator reads that the platform refuses the gateway, not that it is down."""
    adapter = Adapter(platform, client_secret="wrong")
    async with aclosing(adapter):
        await adapter.sync.sync_once()
        assert "check platform.client_id and" in adapter.sync.status().alarms[0]
        with pytest.raises(PlatformRefusedError):
            await adapter.client.automated_policies()


@pytest.mark.parametrize(
    "form", ["hex-salt-last", "hex-salt-first", "base64-salt-last", "base64-salt-first"]
)
async def test_secrets_match_in_whichever_form_the_platform_hashes(
    tmp_path: Path, form: str
) -> None:
    """The order of salt and secret, and the encoding, are not public: none needs a setting."""
    async with running_control_plane(tmp_path, secret_form=form) as platform:
        api_id = (await platform.admin.create_api("orders"))["id"]
        application = await platform.admin.create_application("app")
        await platform.admin.request_contract(api_id, application["id"])
        adapter = Adapter(platform)
        async with aclosing(adapter):
            await adapter.sync.sync_once()
        contract = by_client(adapter.api(api_id).contracts)[application["clientId"]]
        assert contract.fault is None
        secret = contract.secret
        assert secret is not None
        assert secret.matches(application["clientSecret"])
        assert not secret.matches("wrong")
