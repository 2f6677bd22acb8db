"""Version 6: the ids of events have a table of their own, and PostgreSQL has a table for each day.

An id is unique whatever the day of its event, and a unique index of a partitioned table can't say
that. All events are copied, because neither database can change a table in this way.
"""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_OLD = "events_5"
_DAY_MS = 86_400_000
_INDEXES = {
    "events_by_time": ["environment_id", "received_ms"],
    "events_by_api": ["api_id", "received_ms"],
    "events_by_client": ["environment_id", "client_id", "received_ms"],
}


def upgrade() -> None:
    """Copy the ids, then the events."""
    for name in _INDEXES:
        op.drop_index(name)
    op.rename_table("events", _OLD)
    op.create_table(
        "event_ids",
        sa.Column("organization_id", sa.Text, primary_key=True, nullable=False),
        sa.Column("event_id", sa.Text, primary_key=True, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    ids = "organization_id, event_id"
    op.execute(
        f"INSERT INTO event_ids SELECT {ids}, received_ms FROM {_OLD} ORDER BY {ids}"  # noqa: S608 - tables of ours
    )
    columns = _columns()
    op.create_table("events", *columns, postgresql_partition_by="RANGE (received_ms)")
    for name, of in _INDEXES.items():
        op.create_index(name, "events", of)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("event_ids_by_time", "event_ids", ["received_ms"])
        _make_days()
    names = ", ".join(column.name for column in columns)
    op.execute(
        f"INSERT INTO events ({names}) SELECT {names} FROM {_OLD} ORDER BY received_ms"  # noqa: S608
    )
    op.drop_table(_OLD)


def _make_days() -> None:
    days = sa.text(f"SELECT DISTINCT received_ms / {_DAY_MS} FROM {_OLD}")  # noqa: S608 - a table of ours
    for day in op.get_bind().scalars(days).all():
        name = f"events_{date(1970, 1, 1) + timedelta(days=day):%Y_%m_%d}"
        op.execute(
            f"CREATE TABLE {name} PARTITION OF events"
            f" FOR VALUES FROM ({day * _DAY_MS}) TO ({(day + 1) * _DAY_MS})"
        )


def _columns() -> list[sa.Column[Any]]:
    """Those of the old table, whose ids are no primary key any longer."""
    old = sa.Table(_OLD, sa.MetaData(), autoload_with=op.get_bind())
    return [sa.Column(column.name, column.type, nullable=column.nullable) for column in old.columns]
