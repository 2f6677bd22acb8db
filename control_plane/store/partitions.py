"""Partitions of the events on PostgreSQL: one table for each day (UTC).

To forget a day is to drop its table, which takes no time and leaves nothing to clean up.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection, text

DAY_MS: Final = 86_400_000

_EPOCH: Final = date(1970, 1, 1)
_EXISTING: Final = text(
    "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
    " WHERE inhparent = 'events'::regclass"
)


def require_partitions(connection: Connection, days: Iterable[int]) -> None:
    """Make the missing tables of these days, which are numbered from 1970-01-01 on.

    A table is made first and attached then, because that lets others read meanwhile.
    """
    wanted = {_name(day): day for day in days}
    for name in wanted.keys() - set(connection.scalars(_EXISTING)):
        start = wanted[name] * DAY_MS
        connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE events)")
        connection.exec_driver_sql(
            f"ALTER TABLE events ATTACH PARTITION {name}"
            f" FOR VALUES FROM ({start}) TO ({start + DAY_MS})"
        )


def drop_partitions(connection: Connection, before: int) -> None:
    """Drop the tables of the days before this one. Fail soon if somebody reads for long."""
    old = [name for name in connection.scalars(_EXISTING) if name < _name(before)]
    if old:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        connection.exec_driver_sql(f"DROP TABLE {', '.join(old)}")


def _name(day: int) -> str:
    return f"events_{_EPOCH + timedelta(days=day):%Y_%m_%d}"
