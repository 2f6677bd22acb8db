"""Old events are forgotten: by day on PostgreSQL, bit by bit in a file; ids stay unique."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, inspect, select

from control_plane.clock import epoch_ms
from control_plane.database_address import events_address, parse_address
from control_plane.store.database import Database
from control_plane.store.partitions import drop_partitions
from control_plane.store.schema import EVENTS
from control_plane.store.tables.events import event_ids, events
from tests.control_plane.test_rollups import NOW, row, store
from tests.rig.postgresql_server import PostgresqlServer

DAY_S = 86_400


@pytest.fixture
def address(postgresql: PostgresqlServer) -> Iterator[str]:
    """An empty database."""
    with postgresql.empty_database() as address:
        yield address


def counts(database: Database) -> tuple[int, int]:
    """How many events and ids there are."""
    with database.connection() as connection:
        found = [
            connection.scalar(select(func.count()).select_from(t)) for t in (events, event_ids)
        ]
    return found[0] or 0, found[1] or 0


def days(database: Database) -> list[str]:
    """The tables of days."""
    with database.connection() as connection:
        names = inspect(connection).get_table_names()
    return sorted(name for name in names if name.startswith("events_2"))


def test_an_id_is_known_on_every_day(database: str) -> None:
    """Across midnight, for late events, and if a gateway gives the id another time."""
    with store(events_address(parse_address(database))) as (kept, opened):
        midnight = NOW.hour * 3600 + NOW.minute * 60
        first = [row(seconds_ago=midnight + 1, event_id="a"), row(midnight - 1, event_id="b")]
        assert kept.add(first, NOW) == 2
        assert kept.add([*first, row(29 * DAY_S, event_id="c")], NOW + timedelta(hours=20)) == 1
        assert kept.add([row(29 * DAY_S, event_id="a"), row(0, event_id="c")], NOW) == 0
        assert counts(opened) == (3, 3)
        found = kept.request("o", "e", "c")
        assert found is not None
        assert found["received_ms"] == epoch_ms(NOW - timedelta(days=29))


def test_old_events_go_and_new_ones_stay(database: str) -> None:
    """A file forgets twice as many as come, so it does not grow; ids go too."""
    with store(events_address(parse_address(database))) as (kept, opened):
        kept.add([row(n % 29 * DAY_S) for n in range(58)], NOW)
        later = NOW + timedelta(days=31)
        for number in range(1, 30):
            kept.add([row()] if number == 1 else [row(0, event_id="new")], later)
        left, ids = counts(opened)
        with opened.connection() as connection:
            oldest = connection.scalar(select(func.min(events.c.received_ms)))
        assert oldest is not None
        assert oldest >= epoch_ms(later - timedelta(days=31))
        assert left == ids
        assert left < 58


def test_days_have_tables_that_are_made_ahead_and_dropped(address: str) -> None:
    """The first batch of a day waits for nobody."""
    with store(parse_address(address)) as (kept, opened):
        kept.add([row(3 * DAY_S)], NOW)
        assert days(opened) == ["events_2026_11_20", "events_2026_11_23", "events_2026_11_24"]
        kept.add([row()], NOW + timedelta(days=30))
        assert days(opened) == [
            *("events_2026_11_23", "events_2026_11_24"),
            *("events_2026_12_23", "events_2026_12_24"),
        ]
        assert counts(opened) == (1, 1)


def test_a_long_reader_delays_no_batch(address: str) -> None:
    """What can't be dropped now stays until the next hour."""
    with store(parse_address(address)) as (kept, opened):
        kept.add([row(3 * DAY_S)], NOW)
        later = NOW + timedelta(days=31)
        with opened.connection() as reader:
            assert reader.scalar(select(func.count()).select_from(events)) == 1
            assert kept.add([row()], later) == 1
            assert "events_2026_11_20" in days(opened)
        kept.add([], later + timedelta(hours=1))
        assert "events_2026_11_20" not in days(opened)


def test_an_older_database_is_parted_into_days(address: str) -> None:
    """Every event and id is kept."""
    with store(parse_address(address)) as (kept, opened):
        kept.add([row(n * DAY_S, event_id=str(n)) for n in range(5)], NOW)
        with opened.connection(write=True) as connection:
            before = connection.execute(select(events).order_by(events.c.received_ms)).all()
            for statement in (
                "CREATE TABLE kept AS SELECT * FROM events",
                "DROP TABLE events, event_ids, application_numbers, application_tallies",
                "ALTER TABLE kept RENAME TO events",
                # What later versions add.
                "ALTER TABLE events DROP answered_by, DROP response_details, DROP decision_id,"
                " DROP decision",
                "ALTER TABLE events ADD PRIMARY KEY (organization_id, event_id)",
                "CREATE INDEX events_by_time ON events (environment_id, received_ms)",
                "CREATE INDEX events_by_api ON events (api_id, received_ms)",
                "CREATE INDEX events_by_client ON events (environment_id, client_id, received_ms)",
                "UPDATE alembic_version SET version_num = '0005'",
            ):
                connection.exec_driver_sql(statement)
    with store(parse_address(address)) as (kept, opened):
        with opened.connection() as connection:
            after = connection.execute(select(events).order_by(events.c.received_ms)).all()
            names = {index["name"] for index in inspect(connection).get_indexes("events")}
        assert after == before
        assert names == {index.name for index in events.indexes}
        assert len(days(opened)) == 5
        assert kept.add([row(0, event_id=str(n)) for n in range(6)], NOW) == 1
        with opened.connection(write=True) as connection:
            drop_partitions(connection, epoch_ms(NOW) // 86_400_000 - 1)
        assert len(days(opened)) == 3
    Database(parse_address(address), EVENTS, organizations={}).close()
