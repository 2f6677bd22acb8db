"""Discovered services: what all adapters saw, in one bounded table."""

from collections.abc import Mapping

import pytest
from sqlalchemy import select

from control_plane.fleet.report import MAX_SERVICES as IN_A_REPORT
from control_plane.fleet.services import MAX_SERVICES, suggested_name
from control_plane.store.tables import DiscoveredService, FleetLosses
from tests.control_plane.conftest import Platform
from tests.control_plane.fleet.reports import STARTED_MS, accepted, report, seen


def services(platform: Platform) -> Mapping[tuple[str, str], DiscoveredService]:
    """The table, by host and route."""
    with platform.services.database.read() as session:
        return {(row.host, row.route): row for row in session.scalars(select(DiscoveredService))}


async def test_the_counts_of_all_adapters_are_added(platform: Platform) -> None:
    """Each adapter counts from its own start, and tells the whole count each time."""
    start = platform.clock.now()
    await accepted(platform, report(services=[seen("orders.test", 5, "r")]), "a")
    await accepted(platform, report(services=[seen("orders.test", 2, "r")]), "b")
    platform.clock.move(seconds=15)
    await accepted(platform, report(services=[seen("orders.test", 6, "r")]), "a")
    await accepted(platform, report(services=[seen("orders.test", 2, "r")]), "b")
    (service,) = services(platform).values()
    assert service.requests == 8
    assert (service.first_seen_at, service.last_seen_at) == (start, platform.clock.now())
    platform.clock.move(seconds=15)
    await accepted(platform, report(services=[seen("orders.test", 6, "r")]), "a")
    (service,) = services(platform).values()
    assert service.requests == 8
    assert service.last_seen_at < platform.clock.now()


async def test_a_restarted_adapter_counts_from_zero(platform: Platform) -> None:
    """What it had counted before stays counted."""
    await accepted(platform, report(services=[seen("h", 5)]))
    restarted = report(services=[seen("h", 2)], startedAt=STARTED_MS + 1)
    await accepted(platform, restarted)
    await accepted(platform, restarted)
    assert services(platform)["h", ""].requests == 7


async def test_invented_host_names_fill_a_bounded_table(platform: Platform) -> None:
    """Those that were not seen for longest make room, and are counted."""
    for start in range(0, MAX_SERVICES, IN_A_REPORT):
        crowd = [seen(f"{n}.test", 1) for n in range(start, start + IN_A_REPORT)]
        await accepted(platform, report(services=crowd), f"gw-{start}")
        platform.clock.move(seconds=1)
    await accepted(platform, report(services=[seen("new.test", 1), seen("0.test", 1)]), "last")
    found = services(platform)
    assert len(found) == MAX_SERVICES
    assert ("new.test", "") in found
    assert found["0.test", ""].requests == 2
    with platform.services.database.read() as session:
        losses = session.get_one(FleetLosses, platform.credentials.environment_id)
        assert losses.services == 1


async def test_there_may_be_no_room_at_all(platform: Platform) -> None:
    """Services about which somebody decided stay; new ones are counted as lost."""
    for start in range(0, MAX_SERVICES, IN_A_REPORT):
        crowd = [seen(f"{n}.test", 1) for n in range(start, start + IN_A_REPORT)]
        await accepted(platform, report(services=crowd), f"gw-{start}")
    with platform.services.database.write() as session:
        for service in session.scalars(select(DiscoveredService)):
            service.ignored_at = platform.clock.now()
    await accepted(platform, report(services=[seen("new.test", 1)]), "last")
    assert ("new.test", "") not in services(platform)
    with platform.services.database.read() as session:
        losses = session.get_one(FleetLosses, platform.credentials.environment_id)
        assert losses.services == 1


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("orders.shop.example:8443", "orders"),
        ("ORDERS", "orders"),
        ("user@orders.test", "orders"),
        ("10.0.0.1:80", ""),
        ("[::1]:80", ""),
        ("<script>.test", "script"),
        ("", ""),
        ("ä.test", ""),
    ],
)
def test_a_name_is_suggested(host: str, name: str) -> None:
    """The first label of the host, if it is one."""
    assert suggested_name(host) == name
