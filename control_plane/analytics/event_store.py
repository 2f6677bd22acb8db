"""API analytics events. They have a database of their own: ingest never delays configuration."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import RowMapping, Select, delete

from control_plane.analytics import queries
from control_plane.analytics.queries import ApiTotal, Grouping, Window
from control_plane.clock import epoch_ms, from_epoch_ms
from control_plane.store.database import Database
from control_plane.store.tables.events import events

EventRow: TypeAlias = tuple[Any, ...]
"""An event's values, in the order of the columns of `events`."""

# SQL for the driver itself: SQLAlchemy takes as long for its types as SQLite for the insertion.
_INSERT = (
    f"INSERT INTO events ({', '.join(events.columns.keys())}) VALUES ({{values}})"  # noqa: S608 - our columns
    " ON CONFLICT (organization_id, event_id) DO NOTHING"
)
_VALUE = {"sqlite": "?", "postgresql": "%s"}

_PURGE_EVERY = timedelta(hours=1)


class EventStore:
    """Keeps events for a limited time, each id of an organization once."""

    def __init__(self, database: Database, retention_days: int) -> None:
        self.retention = timedelta(days=retention_days)
        """How long events are kept, by the time at which their requests came."""
        self._database = database
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
            values = ", ".join([_VALUE[connection.dialect.name]] * len(events.columns))
            return connection.exec_driver_sql(_INSERT.format(values=values), rows).rowcount

    def _purge(self, now: datetime) -> None:
        with self._purge_lock:
            if self._purged_at is not None and now - self._purged_at < _PURGE_EVERY:
                return
            self._purged_at = now
        oldest = epoch_ms(now - self.retention)
        with self._database.connection(write=True) as connection:
            connection.execute(delete(events).where(events.c.received_ms < oldest))

    def newest(self, window: Window, limit: int) -> Sequence[RowMapping]:
        """The events of the window, newest first."""
        return self._rows(queries.newest(window, limit))

    def newest_time(self, environment_id: str) -> datetime | None:
        """When the newest request of the environment came; None if there is no event."""
        with self._database.connection() as connection:
            newest_ms = connection.scalar(queries.newest_time(environment_id))
        return None if newest_ms is None else from_epoch_ms(newest_ms)

    def summary(self, window: Window, grouping: Grouping) -> Sequence[RowMapping]:
        """Counts, bytes and response times for each key of `queries.summary`."""
        return self._rows(queries.summary(window, grouping))

    def api_totals(self, window: Window) -> dict[int, ApiTotal]:
        """What came to each API instance that had requests in the window."""
        with self._database.connection() as connection:
            found = connection.execute(queries.api_totals(window))
            return {row[0]: ApiTotal(*row[1:]) for row in found}

    def client_totals(self, window: Window) -> dict[str | None, ApiTotal]:
        """What came from each client in the window; None stands for those without a name."""
        with self._database.connection() as connection:
            found = connection.execute(queries.client_totals(window))
            return {row[0]: ApiTotal(*row[1:]) for row in found}

    def busiest_periods(self, window: Window, period_ms: int) -> dict[int, int]:
        """The most requests that each API instance admitted in one period of the window."""
        with self._database.connection() as connection:
            found = connection.execute(queries.busiest_periods(window, period_ms))
            return {row[0]: row[1] for row in found}

    def violations(self, window: Window) -> dict[tuple[str, str], int]:
        """How often each policy refused a request in the window, by its id and name."""
        with self._database.connection() as connection:
            found = connection.execute(queries.violations(window))
            return {(row[0], row[1] or ""): row[2] for row in found}

    def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        with self._database.connection() as connection:
            return connection.execute(query).mappings().all()

    def close(self) -> None:
        """Close the database."""
        self._database.close()
