"""The port of the stores of events: SQLite, PostgreSQL and ClickHouse answer the same."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from control_plane.analytics import api_metrics, application_use, archive
from control_plane.analytics.analytics_store import AnalyticsStore
from control_plane.analytics.clickhouse_store import ClickHouseStore
from control_plane.analytics.dashboard import dashboard, refusals
from control_plane.analytics.event_store import EventStore
from control_plane.analytics.periods import RANGES, Period
from control_plane.analytics.queries import GROUPINGS, Window
from control_plane.analytics.questions import About
from control_plane.analytics.request_log import NONE, Place, Search
from control_plane.analytics.tally import Dimension
from control_plane.clock import epoch_ms
from control_plane.database_address import DatabaseAddress, parse_address
from control_plane.errors import Invalid
from control_plane.store.database import Database
from control_plane.store.schema import EVENTS
from tests.control_plane.test_dashboard_numbers import KOLKATA, assert_true, traffic
from tests.control_plane.test_rollups import NOW, row
from tests.rig.clickhouse import ClickHouseEngine
from tests.rig.postgresql_server import PostgresqlServer

WEEK = Search("e", epoch_ms(NOW - timedelta(days=7)), epoch_ms(NOW) + 1)
WINDOW = Window("e", NOW - timedelta(days=7), NOW + timedelta(milliseconds=1))


@pytest.fixture(params=["sqlite", "postgresql", "clickhouse"])
def analytics(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnalyticsStore]:
    """An empty store of each kind."""
    if request.param == "clickhouse":
        engine: ClickHouseEngine = request.getfixturevalue("clickhouse")
        with engine.empty_database():
            yield ClickHouseStore(engine.ask, 30, lambda: None)
    elif request.param == "sqlite":
        yield from _sql(tmp_path / "events.db")
    else:
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        with server.empty_database() as address:
            yield from _sql(parse_address(address))


def _sql(address: DatabaseAddress) -> Iterator[AnalyticsStore]:
    kept = EventStore(Database(address, EVENTS, organizations={}), 30)
    yield kept
    kept.close()


def found(analytics: AnalyticsStore, **wanted: Any) -> list[str]:
    """The ids of the requests of a search, newest first."""
    return [each["event_id"] for each in analytics.search(replace(WEEK, **wanted), None, 50)]


def test_an_id_counts_once(analytics: AnalyticsStore) -> None:
    """In a batch, in a later one, on another day, and with another time."""
    assert analytics.add([], NOW) == 0
    batch = [row(event_id="a"), row(event_id="a"), row(90_000, event_id="b")]
    assert analytics.add(batch, NOW) == 2
    assert analytics.add([*batch, row(50, event_id="b"), row(event_id="c")], NOW) == 1
    assert found(analytics) == ["c", "a", "b"]
    assert [each["total"] for each in analytics.summary(WINDOW, GROUPINGS["api"])] == [3]


def test_every_number_is_true(analytics: AnalyticsStore) -> None:
    """Charts, percentiles, rankings and sums, of all, one API, one application and nobody."""
    requests = traffic(250, 1) + traffic(150, 6)
    for first in range(0, 400, 100):
        analytics.add([row(**each) for each in requests[first : first + 100]], NOW)
    for name in ("24h", "7d"):
        period = Period.recent(RANGES[name], NOW, KOLKATA)
        for about, own in (
            (About("e"), requests),
            (About("e", 2), [each for each in requests if each["api_id"] == 2]),
            (About("e", client_id="a"), [each for each in requests if each["client_id"] == "a"]),
            (About("e", client_id=""), [each for each in requests if not each["client_id"]]),
        ):
            with analytics.answers(NOW) as answers:
                assert_true(dashboard(answers, about, period, KOLKATA), own, period)
                counts = refusals(answers, about, period)
        assert counts == {}


def test_the_use_of_applications_is_counted(analytics: AnalyticsStore) -> None:
    """In all and by API, also what was denied by a limit."""
    violation = {"policy_id": 7, "policy_name": "rate-limiting"}
    limited: dict[str, Any] = {
        "status_code": 429,
        "request_disposition": "BLOCKED",
        "policy_violation": violation,
    }
    analytics.add([row(client_id="c", api_id=api_id) for api_id in (1, 1, 2)], NOW)
    analytics.add([row(client_id="c", **limited), row(client_id="c", status_code=503)], NOW)
    day = timedelta(days=1)
    period = Period.recent(RANGES["24h"], NOW, KOLKATA)
    with analytics.answers(NOW) as answers:
        [total] = application_use.totals(answers, "e", ["c"], NOW, day).values()
        assert total == (5, 1, 1)
        of = Dimension.APPLICATION_LIMITED
        assert application_use.by_api(answers, "e", "c", of, NOW, day) == {1: 1}
        assert refusals(answers, About("e"), period) == {("7", "rate-limiting"): 1}
        assert answers.in_all(About("e"), of, period) == {"c": 1}
        assert answers.newest_ms("e") == epoch_ms(NOW)
        assert answers.newest_ms("nothing") is None


def test_metrics_and_the_archive_are_answered(analytics: AnalyticsStore) -> None:
    """The numbers of today, and the requests of each hour by kind."""
    denied: dict[str, Any] = {"request_disposition": "BLOCKED", "status_code": 401}
    rows = [row(ms=10), row(ms=30, status_code=503), row(api_id=2, **denied), row(7200)]
    analytics.add(rows, NOW)
    span = archive.Span(epoch_ms(NOW - timedelta(days=1)), epoch_ms(NOW + timedelta(hours=1)))
    hour_ms = epoch_ms(NOW) // archive.HOUR_MS * archive.HOUR_MS
    with analytics.answers(NOW) as answers:
        own, others = api_metrics.of_today(answers, "e", [1], NOW)
        assert own[1].classes == {"2xx": 2, "5xx": 1}
        assert own[1].times.total() == 3
        assert others.classes == {"denied": 1}
        assert archive.apis(answers, "e", span) == [1, 2]
        assert archive.hours(answers, "e", 1, span) == [hour_ms - 2 * archive.HOUR_MS, hour_ms]
        found = archive.groups(answers, "e", 1, hour_ms, archive.FileType.PATH)
        assert len(found) == 2
        times = [each["response_time.sum"] for each in found]
        assert sorted(times) == [10, 30]


def test_the_newest_event_is_none_of_the_future(analytics: AnalyticsStore) -> None:
    """Gateways may have a fast clock; pages show no time later than now."""
    analytics.add([row(60), row(-50 * 60)], NOW)
    with analytics.answers(NOW) as answers:
        assert answers.newest_ms("e") == epoch_ms(NOW - timedelta(minutes=1))


HOSTILE = ["it's", "a\\", "\\'; DROP TABLE events; --", "%(x)s", "50%", "ö/ü", "-- \n/*", "😀"]


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_are_only_texts(analytics: AnalyticsStore, text: str) -> None:
    """Whatever they contain, they are found as they are, and nothing else is."""
    fields: dict[str, Any] = {
        "client_id": text,
        "path": f"/{text}/x",
        "verb": text,
        "transaction_id": text,
    }
    analytics.add([row(event_id=text, **fields), row(event_id="other")], NOW)
    for wanted in (
        {"client_id": text},
        {"path": f"/{text}"},
        {"method": text},
        {"id": text},
    ):
        assert found(analytics, **wanted) == [text]
    one = analytics.request("o", "e", text)
    assert one is not None
    assert one["client_id"] == text
    assert analytics.request("o", "e", f"{text}'") is None
    with analytics.answers(NOW) as answers:
        period = Period.recent(RANGES["1h"], NOW, KOLKATA)
        assert answers.in_all(About("e", client_id=text), Dimension.STATUS, period) == {"200": 1}


def test_the_log_is_searched_and_paged(analytics: AnalyticsStore) -> None:
    """Filters, their absence, and pages that neither repeat nor leave out a request."""
    denied = {"request_disposition": "BLOCKED", "status_code": 401}
    rows = [
        row(1, event_id="a", client_id="c", user_agent="curl/8", transaction_id="a1" * 10),
        row(2, event_id="b", status_code=404, path="/orders/7"),
        row(2, event_id="c", policy_violation={"policy_name": "cors"}, **denied),
        row(3, event_id="d", api_id=2, status_code=503, response_bytes=2**53),
    ]
    analytics.add(rows, NOW)
    for wanted, ids in (
        ({}, ["a", "c", "b", "d"]),
        ({"status": "4xx"}, ["b"]),
        ({"status": "denied"}, ["c"]),
        ({"status": "503"}, ["d"]),
        ({"policy": "cors"}, ["c"]),
        ({"api_id": 2}, ["d"]),
        ({"client_id": ""}, ["c", "b", "d"]),
        ({"path": "/orders/{id}"}, ["a", "c", "b", "d"]),
        ({"path": "/orders/7"}, ["b"]),
        ({"agent": "curl"}, ["a"]),
        ({"id": "a1" * 10}, ["a"]),
        ({"id": "b2" * 10}, []),
        ({"agent": NONE}, ["c", "b", "d"]),
        ({"start_ms": WEEK.end_ms}, []),
        ({"environment_id": "unknown"}, []),
        ({"api_id": 999}, []),
        ({"start_ms": WEEK.end_ms, "end_ms": WEEK.start_ms}, []),
        ({"start_ms": -(2**62), "end_ms": 2**62}, ["a", "c", "b", "d"]),
    ):
        assert found(analytics, **wanted) == ids, wanted
    first = analytics.search(WEEK, None, 2)
    last = Place(first[-1]["received_ms"], first[-1]["event_id"])
    assert [each["event_id"] for each in analytics.search(WEEK, last, 50)] == ["b", "d"]
    with pytest.raises(Invalid, match="status"):
        found(analytics, status="x")


def test_summaries_and_the_export(analytics: AnalyticsStore) -> None:
    """Names, averages, unknown sizes, and windows of some APIs, paths and clients."""
    analytics.add(
        [
            row(1, event_id="a", client_id="c", application_name="Shop", ms=10, request_bytes=5),
            row(2, event_id="b", client_id="c", application_name="Shop", ms=20),
            row(3, event_id="d", api_id=2, path="/carts", ms=30),
        ],
        NOW,
    )
    by_application = analytics.summary(WINDOW, GROUPINGS["application"])
    assert [(each["key"], each["name"], each["count"]) for each in by_application] == [
        ("c", "Shop", 2),
        (None, None, 1),
    ]
    assert by_application[0]["response_time_avg_ms"] == 15
    assert by_application[0]["request_bytes"] == 5
    assert [each["key"] for each in analytics.summary(WINDOW, GROUPINGS["outcome"])] == [
        "PROCESSED"
    ]
    for changed, ids in (
        ({"path_prefix": "/c"}, ["d"]),
        ({"api_ids": (1,), "api_version_ids": (1,)}, ["a", "b"]),
        ({"client_ids": ("c",)}, ["a", "b"]),
        ({"api_ids": ()}, []),
    ):
        window = replace(WINDOW, **changed)
        assert [each["event_id"] for each in analytics.newest(window, 10)] == ids
    assert analytics.rebuild(lambda: NOW) == 3
