"""Home: the numbers of the last day, and what needs somebody."""

import re
from datetime import timedelta

from control_plane.accounts.roles import Role
from control_plane.clock import iso
from tests.control_plane.conftest import Platform
from tests.control_plane.events import denied, event, send
from tests.control_plane.fleet.reports import put, report
from tests.control_plane.pages.visitor import Visitor, visiting_as


def numbers(page: str) -> dict[str, str]:
    """The numbers that lead to the dashboard, by their labels."""
    return dict(
        re.findall(r'number-label">([^<]+)</span><strong><a href="[^"]+/analytics">([^<]+)<', page)
    )


async def test_an_empty_environment_says_what_to_do(owner: Visitor, viewer: Visitor) -> None:
    """And whom to ask, for somebody who may not."""
    page = await owner.page(owner.home)
    assert "There is no API instance in Production yet." in page
    assert "Create the first API instance" in page
    assert "the permission apis:write" in await viewer.page(viewer.home)


async def test_an_environment_without_events_says_what_to_check(
    owner: Visitor, platform: Platform
) -> None:
    """No numbers may mean that nothing arrives."""
    await platform.admin.create_api("orders")
    page = await owner.page(owner.home)
    assert "No adapter has sent an event from Production yet." in page


async def test_the_numbers_are_of_the_last_day(owner: Visitor, platform: Platform) -> None:
    """Denied requests are counted apart from errors."""
    for name in ("orders", "fine", "payments"):
        await platform.admin.create_api(name)
    before = iso(platform.clock.now() - timedelta(hours=25))
    old = event(platform, api_id=1, status_code=500, received_ts=before, replied_ts=before)
    batch = [
        old,
        *[event(platform, api_id=1) for _ in range(7)],
        event(platform, api_id=1, status_code=500),
        event(platform, api_id=2),
        event(platform, api_id=3, status_code=503),
        denied(platform, api_id=3),
        event(platform, api_id=99, status_code=500),
    ]
    await send(platform, batch)
    page = await owner.page(owner.home)
    assert numbers(page) == {
        "Requests": "12",
        "Server errors": "25.0%",
        "Denied": "8.3%",
        "95th percentile": "0 ms",
    }
    assert "in the last 24 hours, +1,100%" in page
    assert "in the last 24 hours, -75.0 points" in page
    worst = page.partition("APIs with the highest error rates</h2>")[2]
    assert worst.index(">payments</a>") < worst.index(">orders</a>")
    assert ">fine</a>" not in worst
    assert "The newest event came" in page


async def test_pending_contracts_of_this_environment_are_counted(
    owner: Visitor, platform: Platform
) -> None:
    """They wait for somebody."""
    api_id, phone = await platform.api_and_application()
    tier = await platform.admin.create_tier(api_id, "Gold", [(1, 1000)], auto_approve=False)
    assert "nobody waits" in await owner.page(owner.home)
    await platform.admin.request_contract(api_id, phone["id"], tier["id"])
    assert "wait for a decision" in await owner.page(owner.home)


async def test_everybody_with_a_role_sees_it(platform: Platform) -> None:
    """Numbers of requests are for all roles."""
    async with visiting_as(platform, Role.VIEWER) as viewer:
        assert "in the last 24 hours" in await viewer.page(viewer.home)


async def test_adapters_that_are_not_in_sync_are_named(owner: Visitor, platform: Platform) -> None:
    """Silent ones too, which is no reason to worry by itself."""
    assert "none has reported" in await owner.page(owner.home)
    assert (await put(platform, report(0), "silent")).is_success
    platform.clock.move(minutes=5)
    assert (await put(platform, report(0), "good")).is_success
    page = await owner.page(owner.home)
    assert ">1 of 2</a>" in page
    assert "1 silent" in page
