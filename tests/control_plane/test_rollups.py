"""Rollups: they agree with the events, whatever the order, and stay small."""

import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from typer.testing import CliRunner

from control_plane.analytics.application_counts import MAX_APPLICATIONS, unpack
from control_plane.analytics.event import Sender, event_row
from control_plane.analytics.event_store import EventStore
from control_plane.analytics.periods import RANGES, Period
from control_plane.analytics.questions import About
from control_plane.analytics.rollups import Keeping
from control_plane.analytics.tallies import counted, fold
from control_plane.analytics.tally import EVERY_API, Dimension, EventRow
from control_plane.cli import app
from control_plane.clock import epoch_ms, iso
from control_plane.database_address import events_address, parse_address
from control_plane.store.database import Database
from control_plane.store.schema import EVENTS
from control_plane.store.tables.events import application_numbers, rollups
from tests.control_plane.conftest import Platform
from tests.control_plane.events import denied, event, send

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 11, 23, 12, 34, tzinfo=UTC)
Stored = dict[tuple[Any, ...], int]


@contextmanager
def store(address: Any, keeping: Keeping | None = None) -> Iterator[tuple[EventStore, Database]]:
    """An event store in a database."""
    database = Database(address, EVENTS, organizations={})
    yield EventStore(database, 30, keeping), database
    database.close()


def _database(platform: Platform) -> Database:
    events = platform.services.events
    assert isinstance(events, EventStore)
    return events._database


def row(seconds_ago: int = 0, **fields: Any) -> EventRow:
    """An event as it is stored."""
    received = NOW - timedelta(seconds=seconds_ago)
    replied = received + timedelta(milliseconds=fields.pop("ms", 20))
    document = {
        "event_id": str(uuid.uuid4()),
        "api_id": 1,
        "received_ts": iso(received),
        "replied_ts": iso(replied),
        "verb": "GET",
        "path": "/orders/1",
        "status_code": 200,
        "request_disposition": "PROCESSED",
    }
    sender = Sender.at(NOW, timedelta(days=30), organization_id="o", environment_id="e")
    return event_row(document | fields, sender)


def stored(database: Database) -> Stored:
    """All rollups, after the tallies that wait were added to them."""
    with database.connection(write=True) as connection:
        fold(connection, Keeping().oldest(NOW))
        return {tuple(found[:-1]): found[-1] for found in connection.execute(select(rollups))}


def of_applications(database: Database) -> Stored:
    """The numbers of each application, after those that wait were added to them."""
    with database.connection(write=True) as connection:
        fold(connection, Keeping().oldest(NOW))
        return {
            (*place, dimension, key): amount
            for *place, counts in connection.execute(select(application_numbers))
            for dimension, found in unpack(counts).items()
            for key, amount in found.items()
        }


def total(database: Database, grain_s: int, dimension: Dimension, api_id: int = EVERY_API) -> int:
    """The sum of all keys."""
    at = counted.c
    with database.connection() as connection:
        return int(
            connection.scalar(
                select(func.sum(at.amount)).where(
                    at.grain_s == grain_s, at.dimension == dimension, at.api_id == api_id
                )
            )
            or 0
        )


EVENT = st.fixed_dictionaries(
    {
        "seconds_ago": st.integers(-600, 3 * 86_400),
        "api_id": st.sampled_from([1, 2]),
        "client_id": st.sampled_from([None, "a", "b"]),
        "path": st.sampled_from(["/orders/1", "/orders/2", "/", ""]),
        "status_code": st.sampled_from([0, 200, 404, 429, 503, 999]),
        "request_disposition": st.sampled_from(["PROCESSED", "BLOCKED"]),
        "verb": st.sampled_from(["GET", "TCP", "BREW"]),
        "user_agent": st.sampled_from([None, "curl/8", "Mozilla/5.0 Firefox/140.0"]),
        "ms": st.integers(0, 90_000),
        "response_bytes": st.sampled_from([-1, 0, 10, 2**53]),
        "policy_violation": st.sampled_from(
            [None, {"policy_name": "cors"}, {"policy_id": 7, "outcome": "ERROR"}]
        ),
        "event_id": st.integers(0, 30).map(str),
    }
)


@settings(max_examples=15, deadline=None)
@given(batches=st.lists(st.lists(EVENT, max_size=12), max_size=4))
def test_rollups_are_what_the_events_say(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[dict[str, Any]]]
) -> None:
    """After batches with late and repeated events, a rebuild from the events changes nothing."""
    file = tmp_path_factory.mktemp("rollups") / "events.db"
    with store(file) as (events, database):
        known: set[str] = set()
        classes: Counter[tuple[int, int]] = Counter()
        for batch in batches:
            events.add([row(**each) for each in batch], NOW)
            for each in batch:
                if each["event_id"] not in known:
                    moment = epoch_ms(NOW - timedelta(seconds=each["seconds_ago"]))
                    classes[each["api_id"], moment - moment % 3_600_000] += 1
                known.add(each["event_id"])
        before, applications = stored(database), of_applications(database)
        by_hour: Counter[tuple[int, int]] = Counter()
        for (grain, dimension, _, api_id, start, _), amount in before.items():
            if grain == 3600 and dimension == "class" and api_id > EVERY_API:
                by_hour[api_id, start] += amount
        assert by_hour == classes
        assert events.rebuild(lambda: NOW) == len(known)
        assert stored(database) == before
        assert of_applications(database) == applications


async def test_all_questions_have_the_same_total(platform: Platform, database: str) -> None:
    """Each event counts once in each dimension, on both databases, also when it is sent again."""
    batch = [event(platform), denied(platform), event(platform, status_code=500, api_id=2)]
    await send(platform, batch)
    await send(platform, [*batch, event(platform, client_id=None, user_agent=None)])
    found = _database(platform)
    each = (Dimension.CLASS, Dimension.STATUS, Dimension.METHOD, Dimension.APPLICATION)
    for grain_s in (60, 900, 3600):
        for dimension in (*each, Dimension.PATH, Dimension.AGENT, Dimension.API):
            assert total(found, grain_s, dimension) == 4
        assert total(found, grain_s, Dimension.VIOLATION) == 1
        assert total(found, grain_s, Dimension.API_DENIED) == 1
        assert total(found, grain_s, Dimension.API_FAILED) == 1
        assert total(found, grain_s, Dimension.BYTES) == 440
        assert total(found, grain_s, Dimension.CLASS, api_id=2) == 1
    before = stored(found)
    assert platform.services.events.rebuild(platform.clock.now) == 4
    assert stored(found) == before


def test_what_clients_choose_takes_bounded_room(tmp_path: Path) -> None:
    """20,000 paths and user agents make some hundred rows; every request still counts."""
    with store(tmp_path / "events.db") as (events, database):
        events.add([row(path="/popular", user_agent="curl/8")], NOW)
        for first in range(0, 20_000, 10_000):
            events.add(
                [
                    row(path=f"/x{'abcdefghij'[n % 10]}-{n}z", user_agent=f"agent{n}/1")
                    for n in range(first, first + 10_000)
                ],
                NOW,
            )
        found = stored(database)
        for dimension in (Dimension.PATH, Dimension.AGENT):
            assert total(database, 3600, dimension) == 20_001
            keys = {cell[-1] for cell in found if cell[1] == dimension}
            assert len(keys) == 101
        paths = [cell for cell in of_applications(database) if cell[2:5:2] == (3600, "path")]
        assert len(paths) == 101
        assert sum(n for cell, n in found.items() if cell[-1] == "other") > 0


def test_only_the_busiest_applications_have_numbers_of_their_own(database: str) -> None:
    """Those of others come from their events, so the numbers of all are true."""
    period = Period.recent(RANGES["24h"], NOW, UTC_ZONE)
    with store(events_address(parse_address(database))) as (events, opened):
        for first in range(2):
            rows = [row(client_id=f"{first}-{n}", path="/") for n in range(MAX_APPLICATIONS // 2)]
            events.add([*rows, *rows[:2], *[row(client_id="busy") for _ in range(3)]], NOW)
        kept = {cell[1] for cell in of_applications(opened)}
        assert len(kept) == MAX_APPLICATIONS
        assert "busy" in kept
        with events.answers(NOW) as answers:
            for client_id, requests in (("busy", 6), ("0-3", 1), ("1-249", 1), ("nobody", 0)):
                about = About("e", client_id=client_id)
                assert answers.in_all(about, Dimension.PATH, period).total() == requests
                is_kept = client_id in kept or not requests
                assert answers.are_from_events(about, period) != is_kept
        events.add([], NOW + timedelta(days=400))
        assert of_applications(opened) == {}


def test_a_batch_of_several_hours_leaves_no_application_out(tmp_path: Path) -> None:
    """300 applications in each of three hours are more than 500 rows, and fewer than 500 each."""
    with store(tmp_path / "events.db") as (events, opened):
        events.add(
            [row(n // 300 * 3600, client_id=f"c{n % 300}", path="/") for n in range(900)], NOW
        )
        hours = {cell[1:4] for cell in of_applications(opened) if cell[2] == 3600}
        assert len(hours) == 900


def test_old_rollups_go_and_old_events_make_no_short_ones(database: str) -> None:
    """Minutes are kept for two days; an event that comes later than that still counts by hour."""
    with store(events_address(parse_address(database))) as (events, opened):
        events.add([row(), row(seconds_ago=3 * 86_400)], NOW)
        assert total(opened, 60, Dimension.CLASS) == 1
        assert total(opened, 3600, Dimension.CLASS) == 2
        events.add([row()], NOW + timedelta(days=3))
        assert total(opened, 60, Dimension.CLASS) == 0
        assert total(opened, 900, Dimension.CLASS) == 3
        events.add([], NOW + timedelta(days=400))
        assert stored(opened) == {}


def test_impossible_sizes_do_not_overflow(database: str) -> None:
    """What is sent as larger than a tebibyte counts as one."""
    with store(events_address(parse_address(database))) as (events, opened):
        events.add([row(response_bytes=2**53) for _ in range(2000)], NOW)
        assert total(opened, 3600, Dimension.BYTES) == 2000 * 2**40


async def test_the_command_makes_lost_rollups_anew(
    platform: Platform, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the template of an event from before there were templates."""
    monkeypatch.setenv("POLICY_CONTROL_PLANE_ANALYTICS_RETENTION_DAYS", "3650")
    await send(platform, [event(platform), denied(platform)])
    events = _database(platform)
    before = stored(events)
    with events.connection(write=True) as connection:
        connection.execute(delete(rollups))
        connection.exec_driver_sql("UPDATE events SET path_template = NULL, agent = NULL")
    result = CliRunner().invoke(app, ["rebuild-rollups", "--database", database])
    assert result.output == "counted 2 events\n"
    again = {cell: n for cell, n in stored(events).items() if cell[0] == 3600}
    assert again == {cell: n for cell, n in before.items() if cell[0] == 3600}
