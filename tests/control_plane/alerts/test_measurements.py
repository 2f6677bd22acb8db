"""What rules measure, of made traffic and reports whose truth is known."""

from datetime import timedelta
from typing import Any

import pytest

from tests.control_plane.alerts.conftest import Site
from tests.control_plane.events import denied, send
from tests.control_plane.fleet.reports import accepted, report

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"kind": "api-request-count"}, 37),
        ({"kind": "api-policy-violation"}, 7),
        ({"kind": "api-response-code"}, 5),
        ({"kind": "api-error-rate"}, 100 * 5 / 37),
        ({"kind": "api-request-count", "of_api": False}, 40),
        ({"kind": "api-request-count", "period_count": 30, "period_unit": "DAYS"}, 37),
        ({"kind": "api-request-count", "period_count": 36, "period_unit": "HOURS"}, 37),
    ],
)
async def test_requests_are_counted(site: Site, columns: dict[str, Any], expected: float) -> None:
    """Those of the API alone, or of the whole environment; long periods end with whole hours."""
    alert = site.add(**columns)
    other = (await site.platform.admin.create_api("other"))["id"]
    await site.traffic(25, bad=5)
    await send(site.platform, [denied(site.platform, api_id=site.api_id) for _ in range(7)])
    await send(site.platform, [denied(site.platform, api_id=other) for _ in range(3)])
    await site.minutes(2 if columns.get("period_unit") is None else 61)
    assert site.standing(alert).value == pytest.approx(expected)


@pytest.mark.parametrize(("percent", "expected"), [(50, 100), (95, 1000), (99, 1000)])
async def test_response_times_are_percentiles(site: Site, percent: int, expected: int) -> None:
    """Within 2 % of the truth."""
    alert = site.add(kind="api-response-time", percent=percent)
    received = site.platform.clock.now()
    for milliseconds, number in ((100, 90), (1000, 10)):
        site.platform.clock.move(milliseconds=milliseconds)
        replied = site.platform.clock.now().isoformat()
        await site.traffic(number, received_ts=received.isoformat(), replied_ts=replied)
        site.platform.clock.moment = received
    await site.minutes(2)
    assert site.standing(alert).value == pytest.approx(expected, rel=0.02)


async def test_the_condition_has_to_hold_in_several_periods(site: Site) -> None:
    """Each of them is counted by itself."""
    alert = site.add(kind="api-request-count", threshold=5.0, period_count=1, periods=3)
    for _ in range(3):
        assert site.standing(alert).word != "triggered"
        await site.traffic(6)
        await site.minutes(1)
    assert site.standing(alert).word == "ok"
    await site.minutes(0.5)
    assert site.standing(alert).word == "triggered"


async def test_no_requests_are_a_fact_if_an_adapter_is_there(site: Site) -> None:
    """Else nothing is known; and few requests are no rate."""
    few = site.add(kind="api-request-count", operator="LESS_THAN", threshold=1.0)
    rate, slow = site.add(), site.add(kind="api-response-time")
    await site.minutes(2)
    assert {site.standing(each).word for each in (few, rate, slow)} == {"no data"}
    await accepted(site.platform, report())
    await site.minutes(0.5)
    assert site.standing(few).word == "triggered"
    assert site.standing(rate).word == site.standing(slow).word == "too few requests"
    await site.minutes(5)
    assert site.standing(few).word == "triggered"
    assert site.standing(few).value is None


async def test_an_event_of_the_future_is_no_data(site: Site) -> None:
    """The clock of its gateway is fast: the event says nothing about the last minutes."""
    alert = site.add(kind="api-request-count", operator="LESS_THAN", threshold=1.0)
    future = (site.platform.clock.now() + timedelta(minutes=50)).isoformat()
    await site.traffic(1, received_ts=future, replied_ts=future)
    await site.minutes(10)
    assert site.standing(alert).word == "no data"


async def test_the_silence_of_adapters(site: Site) -> None:
    """Each silent adapter is named; the alert recovers when all report again."""
    alert = site.add(kind="adapter-silence", threshold=5.0, of_api=False)
    await site.minutes(1)
    assert site.standing(alert).word == "no data"
    for number in range(5):
        await accepted(site.platform, report(), f"gw-{number}")
    await site.minutes(1)
    assert site.standing(alert).word == "ok"
    await site.minutes(3)
    await accepted(site.platform, report(), "gw-0")
    await site.minutes(2)
    standing = site.standing(alert)
    assert (standing.word, standing.value) == ("triggered", 6.0)
    assert standing.detail.startswith("gw-1 has been silent for 6 min, ")
    assert standing.detail.endswith(", 1 more")
    [notice] = site.history(alert)
    assert notice.document["detail"] == standing.detail
    for number in range(5):
        await accepted(site.platform, report(), f"gw-{number}")
    await site.minutes(1)
    assert site.standing(alert).word == "ok"


async def test_lost_events(site: Site) -> None:
    """Those that adapters say they dropped since the alert began to look."""
    alert = site.add(kind="event-loss", threshold=0.0, of_api=False)
    await site.minutes(1)
    assert site.standing(alert).word == "no data"

    async def lost(number: int) -> None:
        outcomes = {"uploaded": 100, "dropped_full": number, "dropped_old": 1}
        await accepted(site.platform, report(events={"waiting": 0, "outcomes": outcomes}))
        await site.minutes(1)

    await lost(7)
    assert site.standing(alert).word == "ok"
    await lost(9)
    assert (site.standing(alert).word, site.standing(alert).value) == ("triggered", 2.0)
    for _ in range(5):
        await lost(9)
    assert [each.event for each in site.history(alert)] == ["triggered", "recovered"]
