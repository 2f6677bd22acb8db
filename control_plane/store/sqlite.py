"""Connections to a SQLite file in WAL mode."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

from control_plane.store.json_values import stored_json

POOL: Final = {"pool_size": 10, "max_overflow": 40}
"""As many connections as FastAPI has threads, so that none waits for another's connection."""

# Connections wait this long for the one writer before they give up.
_BUSY_TIMEOUT_MS = 10_000


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
    """Let readers work beside a writer. The file remembers it."""
    with closing(engine.raw_connection()) as raw:
        raw.cursor().execute("PRAGMA journal_mode=WAL").close()
