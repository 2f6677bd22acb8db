"""Events in ClickHouse, for sites with more of them than one PostgreSQL server can count.

ClickHouse counts events when it is asked, so rollups are a view, and numbers reach back as far as
events are kept. It has no transactions: of events with the same key only one counts, so a batch
that is sent again after a failure does no harm, also if two processes store it at the same time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from control_plane.analytics.clickhouse_rollups import rollups_view
from control_plane.analytics.questions import Answers
from control_plane.analytics.reader import Reader
from control_plane.analytics.rollups import GRAINS
from control_plane.analytics.stored_events import StoredEvents
from control_plane.analytics.tally import EventRow
from control_plane.clock import epoch_ms
from control_plane.store.clickhouse.connection import Ask, ClickHouseConnection
from control_plane.store.clickhouse.tables import make_tables
from control_plane.store.tables.events import events

_IDS_AT_ONCE: Final = 1000
"""A question must not be longer than `clickhouse.server` allows; an id has up to 400 octets."""

_NAMES: Final = tuple(events.columns.keys())


class ClickHouseStore(StoredEvents):
    """The port over one function that asks ClickHouse."""

    def __init__(self, ask: Ask, retention_days: int, close: Callable[[], None]) -> None:
        """Make the tables that are missing; raise OperationalError if the server fails."""
        self.retention = timedelta(days=retention_days)
        self._connection = ClickHouseConnection(ask)
        self.close = close
        make_tables(self._connection, retention_days)
        self._connection.run(rollups_view())

    def add(self, rows: Sequence[EventRow], now: datetime) -> int:  # noqa: ARG002 - as the port
        """Store the rows whose id is new to their organization; return how many those were."""
        unknown = {row[:2]: row for row in reversed(rows)}
        ids = list(unknown)
        for first in range(0, len(ids), _IDS_AT_ONCE):
            at, part = events.c, ids[first : first + _IDS_AT_ONCE]
            known = select(at.organization_id, at.event_id).where(
                at.organization_id.in_({of for of, _ in part}),
                at.event_id.in_([event_id for _, event_id in part]),
            )
            for of, event_id in self._connection.execute(known):
                unknown.pop((of, event_id), None)
        if unknown:
            self._connection.insert("events", _NAMES, reversed(unknown.values()))
        return len(unknown)

    @contextmanager
    def answers(self, now: datetime) -> Iterator[Answers]:
        """Answers from events, whose times are as fine as any grain."""
        kept = dict.fromkeys(GRAINS, 0)
        yield Answers(self._connection, kept, epoch_ms(now), all_from_events=True)

    @contextmanager
    def _reading(self) -> Iterator[Reader]:
        yield self._connection

    def rebuild(self, now: Callable[[], datetime]) -> int:  # noqa: ARG002 - as the port
        """Count the events: there are no rollups to make."""
        return int(self._connection.scalar(select(func.count()).select_from(events)))
