"""SQLite files: opening them, and transactions that read or write."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from control_plane.errors import UnusableDatabaseError
from control_plane.store.json_values import stored_json

FIRST_VERSION = 1

Upgrade: TypeAlias = Callable[[Connection], None]
"""Brings the tables of one version to the next."""

# Connections wait this long for the one writer before they give up.
_BUSY_TIMEOUT_MS = 10_000


class Database:
    """One SQLite file in WAL mode: many readers, one writer at a time.

    A write transaction takes the write lock when it begins. So what it reads can't change
    under it, and numbers that it draws from a counter become visible in their order: a reader
    never sees a later change before an earlier one.
    """

    def __init__(
        self,
        path: Path,
        metadata: MetaData,
        *,
        application_id: int,
        upgrades: Sequence[Upgrade] = (),
    ) -> None:
        """Open or create the file; raise UnusableDatabaseError if it is not ours.

        The first of `upgrades` leads from version 1 to 2, and so on. A file of an older version
        is upgraded in one transaction.
        """
        self._path = path
        self._engine = _engine(path)
        self._writing = self._engine.execution_options(immediate=True)
        try:
            _create_private(path)
            with self._writing.begin() as connection:
                _claim(connection, application_id, path, upgrades)
                metadata.create_all(connection)
            # Only now that it is ours: the mode is written into the file.
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
        # The driver's own idea of when a transaction begins would miss our reads.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _create_private(path: Path) -> None:
    """Make the file readable by its owner alone; SQLite gives its side files the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _claim(
    connection: Connection, application_id: int, path: Path, upgrades: Sequence[Upgrade]
) -> None:
    """Mark an empty file as ours, upgrade an older one, and refuse one that is not for us."""
    found = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    newest = FIRST_VERSION + len(upgrades)
    if not tables:
        connection.exec_driver_sql(f"PRAGMA application_id={application_id}")
    elif found != application_id:
        raise UnusableDatabaseError(f"database {path} belongs to another program; name a new file")
    else:
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if not FIRST_VERSION <= version <= newest:
            raise UnusableDatabaseError(
                f"database {path} has schema version {version}, this program needs {newest}"
            )
        for upgrade in upgrades[version - FIRST_VERSION :]:
            upgrade(connection)
    connection.exec_driver_sql(f"PRAGMA user_version={newest}")
