"""API analytics events in their own SQLite file, so that ingest never holds up configuration."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    MetaData,
    RowMapping,
    Table,
    Text,
    case,
    delete,
    func,
    select,
)
from sqlalchemy.dialects import sqlite

from control_plane.clock import epoch_ms
from control_plane.store.database import Database

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("environment_id", Text, nullable=False),
    Column("api_id", BigInteger, nullable=False),
    Column("api_name", Text),
    Column("api_version", Text),
    Column("api_version_id", BigInteger),
    Column("host_id", Text),
    Column("client_id", Text),
    Column("application_name", Text),
    Column("transaction_id", Text),
    Column("received_ms", BigInteger, nullable=False),
    Column("response_time_ms", BigInteger),
    Column("client_ip", Text),
    Column("verb", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("status_code", Integer, nullable=False),
    Column("user_agent", Text),
    Column("request_bytes", BigInteger, nullable=False),
    Column("response_bytes", BigInteger, nullable=False),
    Column("request_disposition", Text, nullable=False),
    Column("policy_id", Text),
    Column("policy_name", Text),
    Column("policy_outcome", Text),
    Column("deployment_type", Text),
    Index("events_by_time", "environment_id", "received_ms"),
    Index("events_by_api", "api_id", "received_ms"),
)

EventRow: TypeAlias = tuple[Any, ...]
"""An event's values, in the order of the columns of `events`."""

# SQL for the driver itself: SQLAlchemy's way through its own types takes as long as the insertion.
_INSERT = str(
    sqlite.insert(events)
    .on_conflict_do_nothing(index_elements=["organization_id", "event_id"])
    .compile(dialect=sqlite.dialect())
)

_PURGE_EVERY = timedelta(hours=1)
MAX_GROUPS = 1000


@dataclass(frozen=True, slots=True)
class Window:
    """Which events a question is about: from `start` up to but without `end`."""

    environment_id: str
    start: datetime
    end: datetime
    api_ids: tuple[int, ...] | None = None
    api_version_ids: tuple[int, ...] | None = None
    path_prefix: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same as SQL."""
        found = [
            events.c.environment_id == self.environment_id,
            events.c.received_ms >= epoch_ms(self.start),
            events.c.received_ms < epoch_ms(self.end),
        ]
        if self.api_ids is not None:
            found.append(events.c.api_id.in_(self.api_ids))
        if self.api_ids is not None and self.api_version_ids is not None:
            version = func.coalesce(events.c.api_version_id, events.c.api_id)
            found.append(version.in_(self.api_version_ids))
        if self.path_prefix:
            # Not LIKE: in SQLite that ignores case, and paths don't.
            found.append(func.substr(events.c.path, 1, len(self.path_prefix)) == self.path_prefix)
        return found


class Grouping(NamedTuple):
    """What a summary counts by, and the column that names the key to people, if another."""

    key: ColumnElement[Any]
    name: ColumnElement[Any] | None = None


GROUPINGS: Mapping[str, Grouping] = {
    "status_code": Grouping(events.c.status_code),
    "application": Grouping(events.c.client_id, events.c.application_name),
    "policy": Grouping(events.c.policy_name),
    "api": Grouping(events.c.api_id, events.c.api_name),
    "outcome": Grouping(
        case((events.c.request_disposition == "PROCESSED", "PROCESSED"), else_="BLOCKED")
    ),
}


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
            return connection.exec_driver_sql(_INSERT, rows).rowcount

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
        query = (
            select(events)
            .where(*window.conditions())
            .order_by(events.c.received_ms.desc(), events.c.event_id.desc())
            .limit(limit)
        )
        with self._database.connection() as connection:
            return connection.execute(query).mappings().all()

    def summary(self, window: Window, grouping: Grouping) -> Sequence[RowMapping]:
        """Counts, bytes and response times for each key, the most frequent first.

        `total` is in every row: the requests of all keys, also of those beyond MAX_GROUPS.
        Unknown byte counts (-1) add nothing.
        """
        name = grouping.key if grouping.name is None else func.max(grouping.name)
        query = (
            select(
                grouping.key.label("key"),
                name.label("name"),
                func.count().label("count"),
                func.sum(func.count()).over().label("total"),
                # Not SUM: in SQLite that fails beyond 64 bits. TOTAL rounds beyond 53.
                func.total(func.max(events.c.request_bytes, 0)).label("request_bytes"),
                func.total(func.max(events.c.response_bytes, 0)).label("response_bytes"),
                func.avg(events.c.response_time_ms).label("response_time_avg_ms"),
                func.max(events.c.response_time_ms).label("response_time_max_ms"),
            )
            .where(*window.conditions())
            .group_by(grouping.key)
            .order_by(func.count().desc(), grouping.key)
            .limit(MAX_GROUPS)
        )
        with self._database.connection() as connection:
            return connection.execute(query).mappings().all()

    def close(self) -> None:
        """Close the file."""
        self._database.close()
