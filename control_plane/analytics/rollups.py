"""Rollups: tallies of minutes, quarters of an hour and hours, kept beside the events.

A page of a year reads some thousand rows of hours instead of millions of events. All functions
here work in the transaction of their caller: an event and its rollups are stored together or not
at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, select, tuple_

from control_plane.analytics.tally import OTHER, Cell, Dimension, Tally, folded
from control_plane.clock import epoch_ms
from control_plane.store.bulk import insert_rows
from control_plane.store.tables.events import rollups

MINUTE: Final = timedelta(minutes=1)
QUARTER: Final = timedelta(minutes=15)
HOUR: Final = timedelta(hours=1)
GRAINS: Final = (MINUTE, QUARTER, HOUR)

# Many, because the use of a quota must not be hidden in `other`. Gateways name only clients that
# they know.
_MAX_APPLICATIONS: Final = 10_000

# Clients choose these keys, or gateways pass on what they like.
BOUNDED: Final = {
    Dimension.PATH: 100,
    Dimension.AGENT: 100,
    Dimension.VIOLATION: 100,
    Dimension.POLICY_ERROR: 100,
    Dimension.POLICY: 100,
    Dimension.APPLICATION: _MAX_APPLICATIONS,
    Dimension.APPLICATION_DENIED: _MAX_APPLICATIONS,
    Dimension.APPLICATION_FAILED: _MAX_APPLICATIONS,
    Dimension.APPLICATION_LIMITED: _MAX_APPLICATIONS,
}
"""How many keys an API instance has in an hour. Events with further keys count as `other`."""

_ADD: Final = (
    "INSERT INTO rollups {rows}"
    " ON CONFLICT (grain_s, dimension, environment_id, api_id, start_ms, key)"
    " DO UPDATE SET amount = rollups.amount + excluded.amount"
)

_Row = tuple[int, str, str, int, int, str, int]


class Keeping(NamedTuple):
    """How long the rollups of each grain are kept."""

    minutes: timedelta = timedelta(hours=48)
    quarters: timedelta = timedelta(days=90)
    hours: timedelta = timedelta(days=396)

    def oldest(self, now: datetime) -> dict[timedelta, int]:
        """For each grain, the first moment that is kept, in milliseconds since 1970."""
        kept = {MINUTE: self.minutes, QUARTER: self.quarters, HOUR: self.hours}
        return {grain: _floor(epoch_ms(now - span), grain) for grain, span in kept.items()}


def add(connection: Connection, tally: Tally, oldest: Mapping[timedelta, int]) -> None:
    """Add a tally of minutes to the rollups of each grain, except where they are too old."""
    counts = _bounded(connection, tally)
    rows: list[_Row] = []
    for grain, first in oldest.items():
        seconds = grain // timedelta(seconds=1)
        # From one grain to the next longer one.
        counts = counts if grain == MINUTE else folded(counts, _milliseconds(grain))
        rows += [(seconds, *cell, amount) for cell, amount in counts.items() if cell[3] >= first]
    _upsert(connection, rows)


def _upsert(connection: Connection, rows: list[_Row]) -> None:
    if not rows:
        return
    # In the order of the table, so that inserts go through it once.
    rows.sort()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_ADD.format(rows="VALUES (?, ?, ?, ?, ?, ?, ?)"), rows)
        return
    # COPY takes rows faster than any other way, but can't update.
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE IF NOT EXISTS added (LIKE rollups) ON COMMIT DELETE ROWS"
    )
    insert_rows(connection, rollups, rows, name="added")
    connection.exec_driver_sql(_ADD.format(rows="SELECT * FROM added"))
    connection.exec_driver_sql("TRUNCATE added")


def _bounded(connection: Connection, tally: Tally) -> Tally:
    """The tally with `other` in place of the keys for which an hour has no room."""
    chosen = {cell: amount for cell, amount in tally.items() if cell[0] in BOUNDED}
    by_hour = folded(chosen, _milliseconds(HOUR))
    room = _room(connection, by_hour)
    refused = set()
    for cell in sorted(by_hour, key=by_hour.__getitem__, reverse=True):
        keys, bound = room[cell[:-1]], BOUNDED[cell[0]]
        if cell[-1] in keys:
            continue
        if len(keys) < bound:
            keys.add(cell[-1])
        else:
            refused.add(cell)
    return _without(tally, refused) if refused else tally


def _room(connection: Connection, by_hour: Iterable[Cell]) -> dict[tuple[Any, ...], set[str]]:
    """The keys that are stored already for each dimension, API and hour."""
    found: dict[tuple[Any, ...], set[str]] = {cell[:-1]: set() for cell in by_hour}
    wanted = [*found]
    at = rollups.c
    place = tuple_(at.dimension, at.environment_id, at.api_id, at.start_ms)
    for first in range(0, len(wanted), 500):
        part = wanted[first : first + 500]
        stored = select(at.dimension, at.environment_id, at.api_id, at.start_ms, at.key).where(
            at.grain_s == HOUR // timedelta(seconds=1), place.in_(part)
        )
        for row in connection.execute(stored):
            found[tuple(row[:-1])].add(row.key)
    return found


def _without(tally: Tally, refused: set[Cell]) -> Tally:
    bounded: defaultdict[Cell, int] = defaultdict(int)
    for cell, amount in tally.items():
        *place, start, key = cell
        hour = (*place, _floor(start, HOUR), key)
        bounded[(*cell[:-1], OTHER) if hour in refused else cell] += amount
    return bounded


def remove_old(connection: Connection, oldest: Mapping[timedelta, int]) -> None:
    """Delete what is not kept any longer."""
    for grain, first in oldest.items():
        seconds = grain // timedelta(seconds=1)
        connection.execute(
            delete(rollups).where(rollups.c.grain_s == seconds, rollups.c.start_ms < first)
        )


def clear(connection: Connection, since_ms: int, until_ms: int) -> None:
    """Delete the rollups of all grains between two whole hours."""
    connection.execute(
        delete(rollups).where(
            rollups.c.grain_s.in_([grain // timedelta(seconds=1) for grain in GRAINS]),
            rollups.c.start_ms >= since_ms,
            rollups.c.start_ms < until_ms,
        )
    )


def _floor(milliseconds: int, grain: timedelta) -> int:
    return milliseconds - milliseconds % _milliseconds(grain)


def _milliseconds(grain: timedelta) -> int:
    return grain // timedelta(milliseconds=1)
