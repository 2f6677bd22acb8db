"""SQLite files: opening them, and transactions that read or write."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from control_plane.errors import UnusableDatabaseError
from control_plane.store.json_values import stored_json
from control_plane.store.schema import Schema
from control_plane.store.upgrade import prepare

# Connections wait this long for the one writer before they give up.
_BUSY_TIMEOUT_MS = 10_000


class Database:
    """One SQLite file in WAL mode: many readers, one writer at a time.

    A write transaction takes the write lock when it begins. So what it reads can't change during
    the transaction, and numbers that it takes from a counter become visible in their order: a
    reader never sees a later change before an earlier one.
    """

    def __init__(self, path: Path, schema: Schema, **facts: Any) -> None:
        """Open, create or upgrade the file; raise UnusableDatabaseError if it is not ours.

        The upgrade is one transaction with the write lock: two processes that start together
        upgrade once, and a failed upgrade changes nothing. `facts` are for migrations.
        """
        self._path = path
        self._engine = _engine(path)
        self._writing = self._engine.execution_options(immediate=True)
        try:
            _create_private(path)
            with self._writing.execution_options(foreign_keys=False).begin() as connection:
                prepare(connection, schema, path, facts)
            # New connections enforce foreign keys.
            self._engine.dispose()
            # The mode is written into the file, so this waits until we know that it is ours.
            with closing(self._engine.raw_connection()) as raw:
                raw.cursor().execute("PRAGMA journal_mode=WAL").close()
        except (DatabaseError, OSError) as error:
            self.close()
            raise UnusableDatabaseError(f"database {path}: {error}") from error
        except UnusableDatabaseError:
            self.close()
            raise

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


def _engine(path: Path) -> Engine:
    # As many connections as FastAPI has threads, so that none waits for another's connection.
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        pool_size=10,
        max_overflow=40,
        json_deserializer=stored_json,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, record: Any) -> None:  # noqa: ARG001
        # The driver would begin transactions too late: it does not count reads.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("foreign_keys", True):
            # SQLite ignores this within a transaction.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        immediate = options.get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _create_private(path: Path) -> None:
    """Make the file readable by its owner alone; SQLite gives its side files the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
