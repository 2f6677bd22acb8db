"""Event times that a clock can't have shown are refused one by one."""

from datetime import timedelta

import pytest

from control_plane.clock import iso
from tests.control_plane.conftest import Platform
from tests.control_plane.events import event, send


@pytest.mark.parametrize(
    ("received", "replied", "named"),
    [
        (timedelta(hours=1, seconds=1), timedelta(hours=1, seconds=1), "received_ts"),
        (timedelta(days=36_500), timedelta(days=36_500), "received_ts"),
        (timedelta(days=-31), timedelta(days=-31), "received_ts"),
        (timedelta(0), timedelta(hours=1, seconds=1), "replied_ts"),
        (timedelta(0), timedelta(days=36_500), "replied_ts"),
        (timedelta(0), timedelta(milliseconds=-1), "replied_ts"),
    ],
)
async def test_an_impossible_time_is_refused_alone(
    platform: Platform, received: timedelta, replied: timedelta, named: str
) -> None:
    """No such event stays in every chart, or makes the average a century; others are stored."""
    now = platform.clock.now()
    times = {"received_ts": iso(now + received), "replied_ts": iso(now + replied)}
    answer = (
        await send(platform, [event(platform), event(platform, **times), event(platform)])
    ).json()
    assert answer["accepted"] == 2
    [rejected] = answer["rejected"]
    assert rejected["index"] == 1
    assert rejected["error"].startswith(named)
    [group] = (await platform.admin.summary("api", duration="60d"))["groups"]
    assert (group["count"], group["responseTimeMaxMs"]) == (2, 0)


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1969-12-31T23:59:59Z", 0, 1e300],
)
async def test_a_date_that_no_calendar_holds_in_utc_is_no_error_of_the_server(
    platform: Platform, moment: object
) -> None:
    """As the time of the request and as that of the answer, and the export still works."""
    batch = [event(platform, received_ts=moment), event(platform, replied_ts=moment)]
    response = await send(platform, batch)
    assert response.status_code == 200
    assert [rejected["index"] for rejected in response.json()["rejected"]] == [0, 1]
    assert await platform.admin.events(startDate="0001-01-01T00:00:00Z") == []


async def test_a_clock_that_is_a_little_ahead_loses_no_event(platform: Platform) -> None:
    """An hour is tolerated, and an answer in the same millisecond is."""
    ahead = iso(platform.clock.now() + timedelta(hours=1))
    answer = (await send(platform, [event(platform, received_ts=ahead, replied_ts=ahead)])).json()
    assert answer == {"accepted": 1, "duplicates": 0, "rejected": []}


async def test_an_event_just_within_the_retention_is_stored(platform: Platform) -> None:
    """A gateway that was cut off for days brings what it kept."""
    old = iso(platform.clock.now() - timedelta(days=7))
    answer = (await send(platform, [event(platform, received_ts=old)])).json()
    assert answer["accepted"] == 1
    assert (await platform.admin.summary("api", duration="31d"))["total"] == 1
