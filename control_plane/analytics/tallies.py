"""Tallies that wait to be added to the rollups.

Thousands of rows of rollups change with each batch, and the next batch changes the same rows again.
So a batch only appends its tally, which costs a fraction, and the tallies of some seconds are
folded into the rollups together. Questions add the tallies that wait to the rollups that they read:
both change in the transaction that folds, so each number counts once at any time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Select,
    cast,
    delete,
    func,
    literal_column,
    select,
    union_all,
)

from control_plane.analytics import application_numbers, rollups
from control_plane.analytics.application_counts import count
from control_plane.analytics.rollups import GRAINS
from control_plane.analytics.tally import Cell, Dimension, EventRow, tally
from control_plane.store.bulk import insert_rows
from control_plane.store.tables.events import rollups as rollup_rows
from control_plane.store.tables.events import tallies

_MOST_ROWS: Final = 60_000
_LONGEST: Final = timedelta(seconds=10)

_SECOND_MS: Final = 1000


def at_grain(grain: timedelta) -> Select[Any]:
    """The tallies as rows of rollups."""
    seconds, at = grain // timedelta(seconds=1), tallies.c
    start = at.start_ms - at.start_ms % (seconds * _SECOND_MS)
    place = (at.dimension, at.environment_id, at.api_id, start.label("start_ms"))
    return select(literal_column(str(seconds), Integer).label("grain_s"), *place, at.key, at.amount)


counted: Final = union_all(select(rollup_rows), *map(at_grain, GRAINS)).subquery("counted")
"""The rollups with the tallies that wait. A question reads this instead of `rollups`."""


class Folding:
    """When the tallies of this process are folded: after enough rows, or enough time."""

    def __init__(self) -> None:
        self._rows = 0
        # At first it is due: an earlier process may have left tallies.
        self._folded_at: datetime | None = None

    def add(
        self,
        connection: Connection,
        rows: Sequence[EventRow],
        oldest: Mapping[timedelta, int],
        now: datetime,
    ) -> None:
        """Append the tally of events, and fold all that wait if it is time."""
        found = tally(rows)
        insert_rows(connection, tallies, [(*cell, amount) for cell, amount in found.items()])
        application_numbers.append(connection, count(rows))
        self._rows += len(found)
        if self._is_due(now):
            fold(connection, oldest)
            self._rows, self._folded_at = 0, now

    def _is_due(self, now: datetime) -> bool:
        since = self._folded_at
        return since is None or self._rows > _MOST_ROWS or not 0 <= (now - since) / _LONGEST < 1


def fold(connection: Connection, oldest: Mapping[timedelta, int]) -> None:
    """Add the tallies that wait to the rollups of each grain, and those of applications."""
    *names, amount = tallies.c
    summed = select(*names, cast(func.sum(amount), BigInteger)).group_by(*names)
    found: dict[Cell, int] = {
        (Dimension(dimension), *cell): number
        for dimension, *cell, number in connection.execute(summed)
    }
    rollups.add(connection, found, oldest)
    connection.execute(delete(tallies))
    application_numbers.fold(connection, oldest)


def clear(connection: Connection, since_ms: int, until_ms: int) -> None:
    """Delete the tallies of a time."""
    at = tallies.c.start_ms
    connection.execute(delete(tallies).where(at >= since_ms, at < until_ms))
