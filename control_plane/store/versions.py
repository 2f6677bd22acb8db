"""Whose tables a database has, and of which version.

A SQLite file has a mark in `application_id` and the version in `user_version`, which programs from
before Alembic look at. On PostgreSQL, the tables of Alembic alone tell.
"""

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from control_plane.store.schema import Schema


def mark(connection: Connection, schema: Schema) -> None:
    """Mark an empty database as one of ours."""
    if _is_sqlite(connection):
        connection.exec_driver_sql(f"PRAGMA application_id={schema.application_id}")


def version(connection: Connection, schema: Schema) -> int | None:
    """The version of the tables; None if they belong to another program."""
    if _is_sqlite(connection):
        ours = _pragma(connection, "application_id") == schema.application_id
        return _pragma(connection, "user_version") if ours else None
    revision = MigrationContext.configure(connection).get_current_revision()
    return int(revision) if revision and revision.isdigit() else None


def write_version(connection: Connection, number: int) -> None:
    """Note the version where Alembic does not."""
    if _is_sqlite(connection):
        connection.exec_driver_sql(f"PRAGMA user_version={number}")


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _pragma(connection: Connection, name: str) -> int:
    value: int = connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
    return value
