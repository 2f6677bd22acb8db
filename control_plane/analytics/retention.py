"""Forgets old events: on PostgreSQL day by day, in a SQLite file some rows with each batch.

Tables for each day would not help in a file: SQLite reads at most 500 tables as one, and each
change of them stops all readers for a moment. Rows that are deleted in small pieces delay nobody.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, literal_column, select, tuple_
from sqlalchemy.exc import OperationalError

from control_plane.store.database import Database
from control_plane.store.partitions import DAY_MS, drop_partitions, require_partitions
from control_plane.store.tables.events import event_ids, events

_ROW: Final[ColumnElement[int]] = literal_column("rowid")


def keep_days(database: Database, oldest_ms: int, now_ms: int) -> None:
    """On PostgreSQL, drop the days before `oldest_ms`, and make the tables of today and tomorrow.

    The dropping waits for those who read. If they read for long, the next call tries again.
    """
    if database.dialect != "postgresql":
        return
    with database.connection(write=True) as connection:
        require_partitions(connection, (now_ms // DAY_MS, now_ms // DAY_MS + 1))
    with suppress(OperationalError), database.connection(write=True) as connection:
        drop_partitions(connection, oldest_ms // DAY_MS)


def forget_some(connection: Connection, oldest_ms: int, at_most: int) -> None:
    """Delete up to so many events, or ids of dropped events, from before `oldest_ms`."""
    if connection.dialect.name == "postgresql":
        _forget_ids(connection, oldest_ms - oldest_ms % DAY_MS, at_most)
        return
    for environment_id in _environments(connection):
        at = events.c
        old = (
            select(_ROW, at.organization_id, at.event_id)
            .where(at.environment_id == environment_id, at.received_ms < oldest_ms)
            .limit(at_most)
        )
        rows = connection.execute(old).all()
        if rows:
            ids = [(row[1], row[2]) for row in rows]
            gone = "DELETE FROM event_ids WHERE organization_id = ? AND event_id = ?"
            connection.exec_driver_sql(gone, ids)
            connection.exec_driver_sql(
                "DELETE FROM events WHERE rowid = ?", [(row[0],) for row in rows]
            )


def _forget_ids(connection: Connection, oldest_ms: int, at_most: int) -> None:
    at = event_ids.c
    old = select(at.organization_id, at.event_id).where(at.received_ms < oldest_ms).limit(at_most)
    connection.execute(delete(event_ids).where(tuple_(at.organization_id, at.event_id).in_(old)))


def _environments(connection: Connection) -> Iterator[str]:
    """The environments that have events, by one step in an index for each."""
    at, found = events.c.environment_id, ""
    while found := connection.scalar(select(func.min(at)).where(at > found)) or "":
        yield found
