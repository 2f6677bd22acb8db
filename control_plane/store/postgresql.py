"""Connections to a PostgreSQL database.

The tables of the configuration and those of the events are in two PostgreSQL schemas of one
database. A write transaction takes an advisory lock of its schema when it begins, so all processes
on one database write one after the other, as they do with a SQLite file.
"""

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from control_plane.store.json_values import stored_json
from control_plane.store.schema import Schema
from control_plane.store.sqlite import POOL

# Transactions wait this long for a lock, and for the server, before they give up.
_LOCK_TIMEOUT_MS = 10_000
_CONNECT_TIMEOUT_S = 10

_PROGRAM = "policy-control-plane"


def postgresql_engine(address: URL, schema: Schema) -> Engine:
    """Connections that see the tables of `schema`. The option `write` takes the write lock first.

    Without it, a transaction has one consistent view of the database.
    """
    engine = create_engine(
        address,
        pool_pre_ping=True,
        json_deserializer=_stored,
        hide_parameters=True,
        connect_args={
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "options": f"-c search_path={schema.name} -c lock_timeout={_LOCK_TIMEOUT_MS}",
            "application_name": _PROGRAM,
        },
        **POOL,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("write"):
            # Each later statement sees what the transactions before us have committed.
            lock = text("SELECT pg_advisory_xact_lock(:key)")
            connection.execute(lock, {"key": schema.application_id})
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    return engine


def create_schema(connection: Connection, schema: Schema) -> None:
    """Create the PostgreSQL schema if it is missing; call it in a write transaction."""
    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema.name}")


def is_used_by_others(connection: Connection) -> bool:
    """Whether another process of this program has a connection to the database.

    Servers keep connections while nobody asks them.
    """
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = :program AND pid <> pg_backend_pid()"
    )
    return bool(connection.scalar(others, {"program": _PROGRAM}))


def _stored(value: str | bytes) -> Any:
    return stored_json(value if isinstance(value, str) else value.decode())
