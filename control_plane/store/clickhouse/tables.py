"""The tables of the events in ClickHouse, made at the start if they are missing."""

from typing import Final

from sqlalchemy import Column

from control_plane.store.clickhouse.connection import ClickHouseConnection
from control_plane.store.clickhouse.dialect import type_name
from control_plane.store.tables.events import events

_EVENTS: Final = """
CREATE TABLE IF NOT EXISTS events (
    {columns},
    INDEX event_ids event_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Milli(received_ms, 'UTC'))
ORDER BY (environment_id, received_ms, organization_id, event_id)
TTL toDateTime(fromUnixTimestamp64Milli(received_ms, 'UTC')) + INTERVAL {days} DAY
"""

_IDS: Final = """
CREATE OR REPLACE VIEW event_ids AS SELECT organization_id, event_id, received_ms FROM events FINAL
"""

# Nothing waits to be added to the rollups, which are a view too.
_TALLIES: Final = """
CREATE OR REPLACE VIEW tallies AS SELECT
    '' AS dimension, '' AS environment_id, toInt64(0) AS api_id, toInt64(0) AS start_ms,
    '' AS key, toInt64(0) AS amount
WHERE 0
"""


def make_tables(connection: ClickHouseConnection, days: int) -> None:
    """Make what is missing, add columns that are new, and keep events for so many days."""
    columns = [_definition(column) for column in events.columns]
    connection.run(_EVENTS.format(columns=",\n    ".join(columns), days=days))
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {column}" for column in columns)
    connection.run(f"ALTER TABLE events {added}")
    connection.run(
        "ALTER TABLE events MODIFY TTL"
        f" toDateTime(fromUnixTimestamp64Milli(received_ms, 'UTC')) + INTERVAL {days} DAY"
    )
    for view in (_IDS, _TALLIES):
        connection.run(view)


def _definition(column: Column[object]) -> str:
    kind = type_name(column.type)
    return f"{column.name} {f'Nullable({kind})' if column.nullable else kind}"
