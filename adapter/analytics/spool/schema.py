"""The database of a spool file: its table, its settings, and its transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

APPLICATION_ID: Final = 0x65706173
"""Marks a file as a spool ("epas"; SQLite's `application_id`)."""
VERSION: Final = 1
_SETTINGS: Final = (
    # A batch has a megabyte, and each page costs a call of the system. But a row with one event
    # writes whole pages, too.
    "PRAGMA page_size = 32768",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    # 32 MB. A page that is written several times meanwhile is copied into the file only once.
    "PRAGMA wal_autocheckpoint = 1000",
    "PRAGMA journal_size_limit = 33554432",
)
_TABLE: Final = """
CREATE TABLE batches (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  written_ms INTEGER NOT NULL,
  events INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  body BLOB NOT NULL
)
"""


def prepare(connection: sqlite3.Connection, first_id: int) -> None:
    """Make the database a spool, if it is empty; its ids begin at `first_id`.

    Raises ValueError if it is something else.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    is_empty = (application, version, tables) == (0, 0, 0)
    if not is_empty and application != APPLICATION_ID:
        raise ValueError("it is not a spool file")
    if not is_empty and version != VERSION:
        raise ValueError(f"it has format {version}, and this program reads format {VERSION}")
    for setting in _SETTINGS:
        connection.execute(setting).fetchall()
    if is_empty:
        with transaction(connection):
            connection.execute(_TABLE)
            connection.execute("INSERT INTO sqlite_sequence VALUES ('batches', ?)", (first_id,))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all of it or nothing. It holds the lock for writing from its beginning."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has ended it already if the disk is full.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
