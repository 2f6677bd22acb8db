"""Makes the rollups anew from the events, hour by hour.

It is needed after an upgrade from a version without rollups. Each hour is a transaction of its own,
so gateways can send events meanwhile. Rollups of hours whose events are no longer kept stay as they
are.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select

from control_plane.analytics import application_numbers, rollups, tallies
from control_plane.analytics.application_counts import Counted, count, folded
from control_plane.analytics.path_templates import path_template
from control_plane.analytics.rollups import HOUR, Keeping
from control_plane.analytics.tally import Cell, tally
from control_plane.analytics.user_agents import agent_family
from control_plane.clock import epoch_ms
from control_plane.store.database import Database
from control_plane.store.tables.events import events

_HOUR_MS: Final = HOUR // timedelta(milliseconds=1)
_ROWS_AT_ONCE: Final = 10_000


def rebuild(
    database: Database,
    retention: timedelta,
    keeping: Keeping,
    now: Callable[[], datetime],
) -> int:
    """Make the rollups of every hour whose events are all kept; return the number of events."""
    first, last = _hours(database)
    whole = epoch_ms(now() - retention) // _HOUR_MS + 1
    total = 0
    for hour in range(max(first, whole), last + 1):
        with database.connection(write=True) as connection:
            total += _rebuild_hour(connection, hour * _HOUR_MS, keeping.oldest(now()))
    return total


def _hours(database: Database) -> tuple[int, int]:
    """The numbers of the first and the last hour with events."""
    at = events.c.received_ms
    with database.connection() as connection:
        oldest, newest = connection.execute(select(func.min(at), func.max(at))).one()
    return (0, -1) if oldest is None else (oldest // _HOUR_MS, newest // _HOUR_MS)


def _rebuild_hour(connection: Connection, start: int, oldest: dict[timedelta, int]) -> int:
    within = (events.c.received_ms >= start) & (events.c.received_ms < start + _HOUR_MS)
    _complete(connection, within)
    found: defaultdict[Cell, int] = defaultdict(int)
    applications: Counted = {}
    total = 0
    for rows in connection.execute(select(events).where(within)).partitions(_ROWS_AT_ONCE):
        total += len(rows)
        part = [tuple(row) for row in rows]
        for cell, amount in tally(part).items():
            found[cell] += amount
        applications = folded([*applications.items(), *count(part).items()], _HOUR_MS // 4)
    rollups.clear(connection, start, start + _HOUR_MS)
    tallies.clear(connection, start, start + _HOUR_MS)
    application_numbers.clear(connection, start, start + _HOUR_MS)
    rollups.add(connection, found, oldest)
    application_numbers.store(connection, applications.items(), oldest)
    return total


def _complete(connection: Connection, within: ColumnElement[bool]) -> None:
    """Find the template and the agent of events from before there were any."""
    at = events.c
    bare = select(at.path, at.user_agent).where(within, at.path_template.is_(None)).distinct()
    for path, user_agent in connection.execute(bare).all():
        values: dict[str, Any] = {
            "path_template": path_template(path),
            "agent": agent_family(user_agent),
        }
        same = (at.path == path) & at.user_agent.is_not_distinct_from(user_agent)
        connection.execute(events.update().where(within, same).values(values))
