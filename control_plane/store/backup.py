"""A copy of a database file, taken while the control plane may be running."""

import sqlite3
from contextlib import closing
from pathlib import Path

from control_plane.errors import UnusableDatabaseError
from control_plane.store.private_file import new_private_file
from control_plane.store.schema import Schema

_BUSY_TIMEOUT_S = 10


def back_up(database: Path, to: Path, schema: Schema) -> None:
    """Write all that is committed in `database` to the new file `to`.

    SQLite reads the file and its write-ahead log in one transaction. Raise UnusableDatabaseError
    if `database` has another schema, and FileExistsError if `to` is there.
    """
    try:
        with closing(_opened(database)) as source, new_private_file(to) as draft:
            _require_ours(source, database, schema)
            with closing(sqlite3.connect(draft)) as copy:
                source.backup(copy)
    except sqlite3.Error as error:
        raise UnusableDatabaseError(f"database {database}: {error}") from error


def _opened(database: Path) -> sqlite3.Connection:
    """The existing file: to open it must not create one."""
    uri = f"{database.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S)


def _require_ours(source: sqlite3.Connection, database: Path, schema: Schema) -> None:
    [found] = source.execute("PRAGMA application_id").fetchone()
    if found != schema.application_id:
        raise UnusableDatabaseError(f"database {database} belongs to another program")
