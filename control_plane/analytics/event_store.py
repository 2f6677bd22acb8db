"""API analytics events. They have a database of their own: ingest never delays configuration."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from control_plane.analytics import application_numbers, rollups
from control_plane.analytics.questions import Answers
from control_plane.analytics.reader import Reader
from control_plane.analytics.rebuild import rebuild
from control_plane.analytics.retention import forget_some, keep_days
from control_plane.analytics.rollups import Keeping
from control_plane.analytics.stored_events import StoredEvents
from control_plane.analytics.tallies import Folding
from control_plane.analytics.tally import RECEIVED_MS, EventRow
from control_plane.clock import epoch_ms
from control_plane.store.bulk import insert_rows, one_of
from control_plane.store.database import Database
from control_plane.store.partitions import DAY_MS, require_partitions
from control_plane.store.tables.events import event_ids, events

_PURGE_EVERY = timedelta(hours=1)


class EventStore(StoredEvents):
    """Events in SQLite or PostgreSQL, with rollups."""

    def __init__(
        self, database: Database, retention_days: int, keeping: Keeping | None = None
    ) -> None:
        self.retention = timedelta(days=retention_days)
        """How long events are kept, by the time at which their requests came."""
        self._keeping = keeping or Keeping()
        self._database = database
        self._folding = Folding()
        self._purge_lock = threading.Lock()
        self._purged_at: datetime | None = None

    def add(self, rows: Sequence[EventRow], now: datetime) -> int:
        """Store the rows whose id is new to their organization; return how many those were.

        It stores all of them or, if it raises, none.
        """
        self._purge(now)
        if not rows:
            return 0
        with self._database.connection(write=True) as connection:
            # More than came, so that the old ones become fewer.
            forget_some(connection, epoch_ms(now - self.retention), 2 * len(rows))
            new = _new(connection, rows)
            if new:
                _insert(connection, new)
                self._folding.add(connection, new, self._keeping.oldest(now), now)
            return len(new)

    def _purge(self, now: datetime) -> None:
        with self._purge_lock:
            if self._purged_at is not None and now - self._purged_at < _PURGE_EVERY:
                return
            self._purged_at = now
        keep_days(self._database, epoch_ms(now - self.retention), epoch_ms(now))
        with self._database.connection(write=True) as connection:
            rollups.remove_old(connection, self._keeping.oldest(now))
            application_numbers.remove_old(connection, self._keeping.oldest(now))

    @contextmanager
    def answers(self, now: datetime) -> Iterator[Answers]:
        """Answers to the questions of the dashboard, all about the same moment."""
        with self._reading() as connection:
            yield Answers(connection, self._keeping.oldest(now), epoch_ms(now))

    def _reading(self) -> AbstractContextManager[Reader]:
        return self._database.connection()

    def rebuild(self, now: Callable[[], datetime]) -> int:
        """Make the rollups anew from the events; return the number of events."""
        return rebuild(self._database, self.retention, self._keeping, now)

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _new(connection: Connection, rows: Sequence[EventRow]) -> list[EventRow]:
    """The rows whose id is new; the first of those with the same id.

    The caller has the write lock, so an id can't become known before the rows are stored.
    """
    unknown = {row[:2]: row for row in reversed(rows)}
    for organization_id in {row[0] for row in rows}:
        ids = [event_id for of, event_id in unknown if of == organization_id]
        known = select(event_ids.c.event_id).where(
            event_ids.c.organization_id == organization_id,
            one_of(event_ids.c.event_id, ids, connection.dialect.name),
        )
        for event_id in connection.scalars(known):
            del unknown[organization_id, event_id]
    return [*reversed(unknown.values())]


def _insert(connection: Connection, rows: Sequence[EventRow]) -> None:
    ids = [(*row[:2], row[RECEIVED_MS]) for row in rows]
    if connection.dialect.name == "postgresql":
        require_partitions(connection, {received_ms // DAY_MS for *_, received_ms in ids})
    insert_rows(connection, event_ids, ids)
    insert_rows(connection, events, rows)
