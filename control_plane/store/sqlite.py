"""Connections to a SQLite file in WAL mode."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

from control_plane.store.json_values import stored_json

POOL: Final = {"pool_size": 10, "max_overflow": 40}
"""As many connections as FastAPI has threads, so that none waits for another's connection."""

# Connections wait this long for the one writer before they give up.
_BUSY_TIMEOUT_MS = 10_000
_RETRY_S: Final = 0.05


def sqlite_engine(path: Path) -> Engine:
    """Connections to the file. The option `write` makes a transaction take the write lock first."""
    address = URL.create("sqlite", database=str(path))
    engine = create_engine(address, json_deserializer=stored_json, hide_parameters=True, **POOL)

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
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("write") else "BEGIN")

    return engine


def create_private(path: Path) -> None:
    """Make the file readable by its owner alone; SQLite gives its side files the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def use_write_ahead_log(engine: Engine) -> None:
    """Let readers work beside a writer. The file remembers it.

    SQLite does not wait by itself here if another process is using the file.
    """
    deadline = time.monotonic() + _BUSY_TIMEOUT_MS / 1000
    with closing(engine.raw_connection()) as raw:
        while not _switched(raw.cursor()):
            if time.monotonic() > deadline:
                raise sqlite3.OperationalError("database is locked")
            time.sleep(_RETRY_S)


def _switched(cursor: Any) -> bool:
    """Whether the file could be switched now."""
    try:
        cursor.execute("PRAGMA journal_mode=WAL").close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
