"""What an adapter reports, as our control plane keeps it, over real HTTP on loopback."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from adapter.app.adapter import Adapter as AdapterProgram
from adapter.app.instance_id import default_instance_id
from adapter.platform_client.sync.platform_sync import PlatformSync
from adapter.runtime.version import program_version
from adapter.settings import Settings
from control_plane.store.database import Database
from control_plane.store.schema import CONFIGURATION
from control_plane.store.tables import Adapter
from tests.rig.adapter_process import settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.polling import until


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[RunningControlPlane]:
    """A control plane."""
    async with running_control_plane(tmp_path) as platform:
        yield platform


def kept(platform: RunningControlPlane) -> list[Adapter]:
    """The adapters with their reports."""
    database = Database(platform.database, CONFIGURATION)
    with database.read() as session:
        found = list(session.scalars(select(Adapter).options(undefer("*"))))
    database.close()
    return found


async def reported(platform: RunningControlPlane, adapter: AdapterProgram) -> Adapter:
    """The report of this adapter."""
    client = adapter._platform.client
    assert client is not None
    reporting = asyncio.create_task(adapter._reporting.reporter(client, "127.0.0.1:9001").run())
    await until(lambda: kept(platform))
    reporting.cancel()
    await asyncio.gather(reporting, return_exceptions=True)
    await adapter._platform.close()
    (row,) = kept(platform)
    return row


async def synced_once(adapter: AdapterProgram) -> None:
    """Have it poll everything once."""
    sync = adapter._platform.sync
    assert isinstance(sync, PlatformSync)
    await sync.sync_once()


async def test_a_report_has_what_the_adapter_knows(platform: RunningControlPlane) -> None:
    """APIs, those that are closed and why, alarms, events, quotas, services."""
    admin = platform.admin
    orders = (await admin.create_api("orders"))["id"]
    closed = (await admin.create_api("closed"))["id"]
    await admin.apply_policy(closed, "no-such", {}, allow_unknown=True)
    await admin.apply_policy(orders, "other", {}, allow_unknown=True)
    application = await admin.create_application("shop")
    await admin.request_contract(orders, application["id"])
    settings = settings_for(platform, reports={"instance_id": "gw-1"})
    settings["platform"]["ignored_policy_types"] = ["other"]
    adapter = AdapterProgram(Settings.model_validate(settings))
    await synced_once(adapter)
    adapter._checks.discovered.add("stock.test", "r")
    adapter._metrics.add("adapter_events", 3, outcome="made")
    row = await reported(platform, adapter)
    assert (row.instance_id, row.version) == ("gw-1", program_version())
    assert (row.apis, row.closed_apis, row.unconfirmed_apis) == (2, 1, 0)
    assert row.floor > 0
    assert row.whole_environment
    assert not row.serving
    assert row.details["events"] == {"waiting": 0, "outcomes": {"made": 3}}
    assert row.details["quotas"] == {"store": "memory", "available": True, "processes_alone": 1}
    assert row.details["apis"][str(orders)]["notes"] == [
        "policies that the operator ignores: other"
    ]
    (fault,) = row.details["apis"][str(closed)]["faults"]
    assert "no-such" in fault
    assert row.sightings == [{"host": "stock.test", "route": "r", "requests": 1}]
    assert application["clientId"] not in repr(row.details)


async def test_a_report_says_what_goes_wrong(platform: RunningControlPlane) -> None:
    """An API that the platform does not have, and what polls failed with."""
    settings = settings_for(platform)
    settings["platform"]["apis"] = ["99"]
    adapter = AdapterProgram(Settings.model_validate(settings))
    for _ in range(3):
        await synced_once(adapter)
    row = await reported(platform, adapter)
    assert row.instance_id == default_instance_id("127.0.0.1:9001")
    assert not row.whole_environment
    assert row.instances is None
    assert row.details["alarms"][0].startswith("sync 1: API 99: GET /apigateway/")
    api = row.details["apis"]["99"]
    assert "the platform no longer knows this API" in api["faults"][0]
    assert api["notes"][0].startswith("the last poll failed: ")


@pytest.mark.parametrize(
    ("address", "ending"),
    [
        ("127.0.0.1:9001", ":9001"),
        ("[::1]:9001", ":9001"),
        ("unix:/run/adapter 1.sock", ":adapter-1.sock"),
        ("unix-abstract:adapter", ":adapter"),
    ],
)
def test_the_default_name_is_the_machine_and_the_listener(address: str, ending: str) -> None:
    """Two adapters of a machine differ by where they listen."""
    name = default_instance_id(address)
    assert name.endswith(ending)
    assert len(name) > len(ending)
