"""Files that several processes open at the same time."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from control_plane.store import sqlite


def mode(file: Path) -> str:
    """How the file keeps changes."""
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def test_the_switch_to_a_write_ahead_log_waits_for_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself gives up at once. A wait that is too long ends in an error."""
    file = tmp_path / "platform.db"
    engine = sqlite.sqlite_engine(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN IMMEDIATE")
        with monkeypatch.context() as patched:
            patched.setattr(sqlite, "_BUSY_TIMEOUT_MS", 0)
            with pytest.raises(sqlite3.OperationalError):
                sqlite.use_write_ahead_log(engine)
        with ThreadPoolExecutor(1) as thread:
            switched = thread.submit(sqlite.use_write_ahead_log, engine)
            other.execute("COMMIT")
            switched.result()
    assert mode(file) == "wal"
    engine.dispose()
