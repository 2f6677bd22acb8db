"""Copies all tables to an empty database, which may be of the other kind.

Rows are read in a stream and written in batches, so the memory does not grow with the database. The
target gets all rows in one transaction for each set of tables.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import (
    JSON,
    URL,
    ColumnElement,
    Connection,
    Table,
    Text,
    TypeDecorator,
    cast,
    func,
    inspect,
    select,
    type_coerce,
)
from sqlalchemy.exc import DatabaseError

from control_plane.database_address import DatabaseAddress, events_address, shown
from control_plane.errors import UnusableDatabaseError
from control_plane.store.bulk import insert_rows
from control_plane.store.database import Database, engine_of
from control_plane.store.last_ids import copy_last_id
from control_plane.store.partitions import DAY_MS, require_partitions
from control_plane.store.postgresql import is_used_by_others
from control_plane.store.schema import CONFIGURATION, EVENTS, Schema
from control_plane.store.server_lock import served_alone
from control_plane.store.tables.events import events
from control_plane.store.upgrade import require_current

_BATCH: Final = 1_000


def copy_database(source: DatabaseAddress, target: DatabaseAddress) -> int:
    """Copy the configuration and the events; return the number of rows.

    Raise UnusableDatabaseError if a platform runs on one of the two, if the source has another
    version than this program, or if the target is not empty. If the copy fails, the target stays
    empty.
    """
    if isinstance(source, Path) and not source.exists():
        raise UnusableDatabaseError(f"there is no database {source}")
    if source == target:
        raise UnusableDatabaseError(f"{shown(source)} can't be copied to itself")
    with ExitStack() as stack:
        for address in (source, target):
            stack.enter_context(served_alone(address))
        for address in (source, target):
            _require_unused(address)
        sets = [(CONFIGURATION, source, target)]
        sets.append((EVENTS, events_address(source), events_address(target)))
        for schema, _, to in sets:
            _require_empty(to, schema)
        try:
            return _copy_sets(sets)
        except BaseException:
            for schema, _, to in sets:
                _clear(to, schema)
            raise


def _require_unused(address: DatabaseAddress) -> None:
    """For PostgreSQL, where several servers may run and none takes `served_alone`."""
    if not isinstance(address, URL):
        return
    with _connected(address, CONFIGURATION) as connection:
        if is_used_by_others(connection):
            raise UnusableDatabaseError(
                f"database {shown(address)}: a platform runs on it; stop it first"
            )


def _require_empty(address: DatabaseAddress, schema: Schema) -> None:
    if isinstance(address, Path) and not address.exists():
        return
    with _connected(address, schema) as connection:
        if not inspect(connection).get_table_names():
            return
        require_current(connection, schema, shown(address))
        for table in schema.tables.sorted_tables:
            if connection.execute(select(1).select_from(table).limit(1)).first() is not None:
                raise UnusableDatabaseError(
                    f"database {shown(address)} is not empty: {table.name} has rows;"
                    " name a new database"
                )


@contextmanager
def _connected(address: DatabaseAddress, schema: Schema) -> Iterator[Connection]:
    """One consistent view of a database that is not upgraded first."""
    engine = engine_of(address, schema)
    try:
        with engine.begin() as connection:
            yield connection
    except DatabaseError as error:
        raise UnusableDatabaseError(f"database {shown(address)}: {error.orig}") from error
    finally:
        engine.dispose()


def _copy_sets(sets: list[tuple[Schema, DatabaseAddress, DatabaseAddress]]) -> int:
    total = 0
    with ExitStack() as stack:
        for schema, source, target in sets:
            database = Database(target, schema)
            stack.callback(database.close)
            to = stack.enter_context(database.connection(write=True))
            if isinstance(source, Path) and not source.exists():
                continue  # A backup may have been restored without its events.
            with _connected(source, schema) as connection:
                require_current(connection, schema, shown(source))
                total += sum(_copy(connection, to, each) for each in schema.tables.sorted_tables)
    return total


def _copy(source: Connection, target: Connection, table: Table) -> int:
    """Copy a table; return the number of its rows."""
    total = 0
    try:
        for rows in _batches(source, table):
            if table is events and target.dialect.name == "postgresql":
                place = [*table.columns].index(events.c.received_ms)
                require_partitions(target, {row[place] // DAY_MS for row in rows})
            insert_rows(target, table, rows)
            total += len(rows)
        copy_last_id(source, target, table)
    except (DatabaseError, psycopg.Error) as error:
        reason = error.orig if isinstance(error, DatabaseError) else error
        raise UnusableDatabaseError(f"the table {table.name} can't be copied: {reason}") from error
    found = target.scalar(select(func.count()).select_from(table))
    if found != total:
        raise UnusableDatabaseError(f"the table {table.name} has {found} rows, and not {total}")
    return total


def _batches(source: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    query = select(*map(_as_stored, table.columns)).execution_options(yield_per=_BATCH)
    for rows in source.execute(query).partitions():
        yield [tuple(row) for row in rows]


def _as_stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The value as both kinds of databases have it, without the meaning that this program gives."""
    if isinstance(column.type, JSON):
        return cast(column, Text)
    if isinstance(column.type, TypeDecorator):
        return type_coerce(column, column.type.impl_instance)
    return column


def _clear(address: DatabaseAddress, schema: Schema) -> None:
    """Take back what one of the two transactions has committed before the other one failed."""
    if isinstance(address, Path) and not address.exists():
        return
    with _connected(address, schema) as connection:
        there = inspect(connection).get_table_names()
        for table in reversed(schema.tables.sorted_tables):
            if table.name in there:
                connection.execute(table.delete())
