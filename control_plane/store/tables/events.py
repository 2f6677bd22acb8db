"""The events file: one row for each request that a gateway reported, and sums of these rows."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, text

metadata = MetaData()

_WITH_DECISION: Final = text("decision_id IS NOT NULL")
"""Denials, and a sample of the other events."""

events = Table(
    "events",
    metadata,
    Column("organization_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
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
    Column("path_template", Text),
    Column("agent", Text),
    Column("answered_by", Text),
    Column("response_details", Text),
    Column("decision_id", Text),
    Column("decision", Text),
    Index("events_by_time", "environment_id", "received_ms"),
    Index("events_by_api", "api_id", "received_ms"),
    Index("events_by_client", "environment_id", "client_id", "received_ms"),
    # With the order of the log, or SQLite would take `events_by_time` and read every event.
    Index(
        "events_by_decision",
        *("environment_id", "decision_id", "received_ms", "event_id"),
        sqlite_where=_WITH_DECISION,
        postgresql_where=_WITH_DECISION,
    ),
    # `store.partitions` makes a table for each day.
    postgresql_partition_by="RANGE (received_ms)",
)

# An id is unique whatever the day of its event. A unique index of `events` could not say that.
event_ids = Table(
    "event_ids",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("received_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("event_ids_by_time", event_ids.c.received_ms).ddl_if(dialect="postgresql")

OF_APPLICATIONS: Final = text("dimension LIKE 'application%'")
"""The condition of the index `rollups_by_application`. Queries that use the index repeat it."""

# One number for each key of each question, as `analytics.tally` counts them.
rollups = Table(
    "rollups",
    metadata,
    Column("grain_s", Integer, primary_key=True, autoincrement=False),
    Column("dimension", Text, primary_key=True),
    Column("environment_id", Text, primary_key=True),
    Column("api_id", BigInteger, primary_key=True, autoincrement=False),
    Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Index("rollups_by_age", "grain_s", "start_ms"),
    # One application's requests of all APIs, without reading those of others.
    Index(
        "rollups_by_application",
        *("environment_id", "key", "dimension", "grain_s", "start_ms"),
        sqlite_where=OF_APPLICATIONS,
        postgresql_where=OF_APPLICATIONS,
    ),
    sqlite_with_rowid=False,
)

# Numbers of minutes that wait to be added to the rollups; see `analytics.tallies`.
tallies = Table(
    "tallies",
    metadata,
    Column("dimension", Text, nullable=False),
    Column("environment_id", Text, nullable=False),
    Column("api_id", BigInteger, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
)

# What was counted of each application, packed; see `analytics.application_counts`.
application_numbers = Table(
    "application_numbers",
    metadata,
    Column("environment_id", Text, primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("grain_s", Integer, primary_key=True, autoincrement=False),
    Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("counts", Text, nullable=False),
    Index("application_numbers_by_age", "grain_s", "start_ms"),
)

# What waits to be added to them.
application_tallies = Table(
    "application_tallies",
    metadata,
    Column("environment_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("counts", Text, nullable=False),
)
