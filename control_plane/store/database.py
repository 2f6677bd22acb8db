"""A database: opening it, and transactions that read or write."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from control_plane.database_address import DatabaseAddress, shown
from control_plane.errors import UnusableDatabaseError
from control_plane.store.postgresql import create_schema, postgresql_engine
from control_plane.store.schema import Schema
from control_plane.store.sqlite import create_private, sqlite_engine, use_write_ahead_log
from control_plane.store.upgrade import prepare


class Database:
    """One set of tables: many readers, one writer at a time.

    A write transaction takes the write lock when it begins. So what it reads can't change during
    the transaction, and numbers that it takes from a counter become visible in their order: a
    reader never sees a later change before an earlier one. On PostgreSQL this also holds between
    several processes.
    """

    def __init__(self, address: DatabaseAddress, schema: Schema, **facts: Any) -> None:
        """Open, create or upgrade the tables; raise UnusableDatabaseError if they are not ours.

        The upgrade is one transaction with the write lock: two processes that start together
        upgrade once, and a failed upgrade changes nothing. `facts` are for migrations.
        """
        self._engine = engine_of(address, schema)
        self._writing = self._engine.execution_options(write=True)
        try:
            self._prepare(address, schema, facts)
        except (DatabaseError, OSError) as error:
            self.close()
            reason = error.orig if isinstance(error, DatabaseError) else error
            raise UnusableDatabaseError(f"database {shown(address)}: {reason}") from error
        except UnusableDatabaseError:
            self.close()
            raise

    def _prepare(self, address: DatabaseAddress, schema: Schema, facts: dict[str, Any]) -> None:
        if isinstance(address, Path):
            create_private(address)
        with self._writing.execution_options(foreign_keys=False).begin() as connection:
            if isinstance(address, URL):
                create_schema(connection, schema)
            prepare(connection, schema, shown(address), facts)
        # New connections enforce foreign keys.
        self._engine.dispose()
        if isinstance(address, Path):
            # The mode is written into the file, so this waits until we know that it is ours.
            use_write_ahead_log(self._engine)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view of the database."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """The write lock, and a commit at the end unless an exception passes through."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def connection(self, *, write: bool = False) -> Iterator[Connection]:
        """The same without an object mapper, for statements in bulk."""
        with (self._writing if write else self._engine).begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def engine_of(address: DatabaseAddress, schema: Schema) -> Engine:
    """Connections to a database that may have no tables yet."""
    if isinstance(address, URL):
        return postgresql_engine(address, schema)
    return sqlite_engine(address)
