"""The numbers of the dashboard equal what brute force finds in the events."""

import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from control_plane.analytics.dashboard import PERCENTS, Dashboard, dashboard
from control_plane.analytics.event_store import EventStore
from control_plane.analytics.periods import DAY, RANGES, Period
from control_plane.analytics.questions import About
from control_plane.analytics.rollups import HOUR, MINUTE, QUARTER, Keeping
from control_plane.analytics.tally import Dimension
from control_plane.clock import epoch_ms
from control_plane.database_address import events_address, parse_address
from control_plane.errors import Invalid
from tests.control_plane.test_rollups import NOW, row, store

UTC_ZONE, KOLKATA, BERLIN, NEW_YORK = map(
    ZoneInfo, ("UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York")
)
Fields = dict[str, Any]


def traffic(number: int, days: float) -> list[Fields]:
    """Requests at random times until now, the same for each test."""
    chance = random.Random(7)  # noqa: S311 - traffic
    found = []
    for _ in range(number):
        is_denied = chance.random() < 0.1
        violation = {"policy_name": "cors", "outcome": chance.choice(["VIOLATION", "ERROR"])}
        found.append(
            {
                "seconds_ago": int(chance.random() * days * 86_400),
                "api_id": chance.choice([1, 2, 3]),
                "client_id": chance.choice(["a", "b", None]),
                "path": chance.choice(["/orders/1", "/orders/2", "/carts"]),
                "verb": chance.choice(["GET", "POST", "BREW"]),
                "user_agent": chance.choice(["curl/8", "okhttp/4", None]),
                "status_code": 429 if is_denied else chance.choice([200, 304, 404, 503, 0]),
                "request_disposition": "BLOCKED" if is_denied else "PROCESSED",
                "policy_violation": violation if is_denied else None,
                "ms": int(chance.lognormvariate(3, 1)),
                "request_bytes": chance.choice([-1, 10]),
                "response_bytes": 1000,
            }
        )
    return found


def moment(fields: Fields) -> int:
    """When the request came."""
    return epoch_ms(NOW - timedelta(seconds=fields["seconds_ago"]))


def ask(events: EventStore, about: About, period: Period, zone: ZoneInfo) -> Dashboard:
    """The dashboard."""
    with events.answers(NOW) as answers:
        return dashboard(answers, about, period, zone)


def assert_true(found: Dashboard, requests: list[Fields], period: Period) -> None:
    """Compare every number with what the requests say."""
    for (start, end), counts, times in zip(
        pairwise(period.edges), found.classes, found.percentiles, strict=True
    ):
        inside = [each for each in requests if start <= moment(each) < end]
        assert counts == Counter(map(class_of, inside))
        for percent, time in zip(PERCENTS, times, strict=True):
            assert_percentile(time, [each["ms"] for each in inside], percent)
    inside = [each for each in requests if period.start_ms <= moment(each) < period.end_ms]
    assert found.totals.requests == len(inside)
    assert found.totals.denied == sum(class_of(each) == "denied" for each in inside)
    assert found.totals.failed == sum(class_of(each) == "5xx" for each in inside)
    assert found.totals.received_bytes == sum(max(0, each["request_bytes"]) for each in inside)
    assert found.totals.sent_bytes == 1000 * len(inside)
    for dimension, key in KEYS.items():
        if dimension in found.rankings:
            assert found.rankings[dimension] == Counter(map(key, inside)), dimension
    before = [
        each
        for each in requests
        if 2 * period.start_ms - period.end_ms <= moment(each) < period.start_ms
    ]
    assert found.before.requests == len(before)


def class_of(fields: Fields) -> str:
    """The class that the request counts in."""
    if fields["request_disposition"] != "PROCESSED":
        return "denied"
    return f"{fields['status_code'] // 100}xx" if fields["status_code"] else "other"


def assert_percentile(found: float | None, times: list[int], percent: int) -> None:
    """By nearest rank, with an error of 2 %."""
    if not times:
        assert found is None
        return
    truth = sorted(times)[math.ceil(len(times) * percent / 100) - 1]
    assert found is not None
    assert abs(found - truth) <= 0.02 * truth


KEYS: dict[Dimension, Callable[[Fields], str]] = {
    Dimension.API: lambda each: str(each["api_id"]),
    Dimension.APPLICATION: lambda each: each["client_id"] or "",
    Dimension.PATH: lambda each: "/carts" if each["path"] == "/carts" else "/orders/{id}",
    Dimension.METHOD: lambda each: "other" if each["verb"] == "BREW" else each["verb"],
    Dimension.STATUS: lambda each: str(each["status_code"]),
    Dimension.AGENT: lambda each: (each["user_agent"] or "").partition("/")[0],
}


@pytest.mark.parametrize(
    "zone",
    [UTC_ZONE, KOLKATA, NEW_YORK],
    ids=["utc", "kolkata", "clocks change"],
)
async def test_every_number_is_true(database: str, zone: ZoneInfo) -> None:
    """In each range, for everything, one API, one application, and requests without one."""
    requests = traffic(400, 1.5) + traffic(300, 28)
    with store(events_address(parse_address(database))) as (events, _):
        rows = [row(**each) for each in requests]
        # Not in the order of their times, and each other batch is sent twice.
        for first in range(0, len(rows), 100):
            for _ in range(1 + first // 100 % 2):
                events.add(rows[first : first + 100], NOW)
        for name in ("1h", "6h", "24h", "7d", "30d"):
            period = Period.recent(RANGES[name], NOW, zone)
            assert period.start_ms <= epoch_ms(NOW - RANGES[name].length + RANGES[name].bar)
            assert period.start_ms < epoch_ms(NOW) < period.end_ms
            assert_true(ask(events, About("e"), period, zone), requests, period)
        of_api = [each for each in requests if each["api_id"] == 2]
        assert_true(ask(events, About("e", 2), period, zone), of_api, period)
        for client_id, name in product(("a", ""), ("1h", "24h", "30d")):
            period = Period.recent(RANGES[name], NOW, zone)
            own = [each for each in requests if (each["client_id"] or "") == client_id]
            found = ask(events, About("e", client_id=client_id), period, zone)
            assert_true(found, own, period)
            assert found.from_events == (name == "1h")
        both = [each for each in of_api if each["client_id"] == "b"]
        assert_true(ask(events, About("e", 2, "b"), period, zone), both, period)
        assert ask(events, About("other"), period, zone).totals.requests == 0


def test_days_begin_at_midnight_of_the_zone_when_the_clocks_change() -> None:
    """On 25 October 2026 Berlin has 25 hours."""
    period = Period.recent(RANGES["30d"], NOW - 10 * DAY, BERLIN)
    starts = [datetime.fromtimestamp(edge / 1000, BERLIN) for edge in period.edges]
    assert {(start.hour, start.minute) for start in starts} == {(0, 0)}
    assert {end - start for start, end in pairwise(period.edges)} == {
        *(hours * 3_600_000 for hours in (24, 25))
    }
    assert len(period.edges) == 31
    assert [run.bar_ms // 3_600_000 for run in period.runs(HOUR)] == [24, 25, 24]
    assert Period.recent(RANGES["30d"], NOW, KOLKATA).grain(Keeping().oldest(NOW)) == QUARTER
    assert period.grain(Keeping().oldest(NOW)) == HOUR


@pytest.mark.parametrize(
    ("ago", "length", "bar"),
    [
        (HOUR, timedelta(minutes=30), MINUTE),
        (40 * DAY, timedelta(minutes=30), QUARTER),
        (200 * DAY, timedelta(minutes=30), HOUR),
        (390 * DAY, 380 * DAY, DAY),
    ],
)
def test_a_period_of_ones_own_has_bars_that_are_kept(
    ago: timedelta, length: timedelta, bar: timedelta
) -> None:
    """The bars cover the period, and the first has its beginning."""
    since = NOW - ago - timedelta(seconds=90)
    period = Period.between(since, since + length, KOLKATA, Keeping().oldest(NOW))
    assert period.bar == bar
    assert period.edges[0] <= epoch_ms(since) < period.edges[1]
    assert period.edges[-2] < epoch_ms(since + length) <= period.edges[-1]


@pytest.mark.parametrize("length", [timedelta(0), -DAY, 400 * DAY])
def test_an_impossible_period_is_refused(length: timedelta) -> None:
    """Reversed, empty, or enormous."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(Invalid):
        Period.between(since, since + length, UTC_ZONE, Keeping().oldest(NOW))
