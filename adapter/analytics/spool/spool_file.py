"""The spool file: opened when it is first used, and put aside if it is damaged.

It is a database in WAL mode, so there are two more files beside it while it is open (`-wal` and
`-shm`). Nothing in it is more secret than a log of requests, but only its owner may read it.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, TypeVar

from adapter.analytics.spool.rows import SpoolRows
from adapter.analytics.spool.schema import prepare
from adapter.runtime.clock import Clock
from adapter.runtime.system_errors import system_words

Result = TypeVar("Result")

_LOCKED_S: Final = 5.0
"""How long to wait while another process, such as `policy-adapter spool`, writes to the file."""
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SUFFIXES: Final = ("", "-wal", "-shm")


class SpoolFileError(Exception):
    """The file cannot be used now; the message says why."""


class SpoolLostError(SpoolFileError):
    """The file was damaged and put aside, or is gone. What was in it will not be uploaded."""


class SpoolFile:
    """The file of one process. All methods block, and must be called in the same thread."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._rows: SpoolRows | None = None
        self._stat: os.stat_result | None = None
        self._last_read = 0

    def use(self, work: Callable[[SpoolRows], Result]) -> Result:
        """Call `work` with the rows. Raises SpoolFileError if that fails."""
        try:
            return work(self._opened())
        except sqlite3.Error as e:
            if getattr(e, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
                raise self._put_aside(str(e)) from None
            # If the disk is full, the file can still be read, but perhaps not be opened again.
            if getattr(e, "sqlite_errorcode", 0) != sqlite3.SQLITE_FULL:
                self.close()
            raise SpoolFileError(f"{self._path} cannot be used: {e}") from None
        except ValueError as e:
            raise self._put_aside(str(e)) from None
        except OSError as e:
            self.close()
            raise SpoolFileError(f"{self._path} cannot be used: {system_words(e)}") from None

    def close(self) -> None:
        """Close the file, if it is open. What is in it stays."""
        if self._rows is not None:
            self._last_read = self._rows.last_read
            with suppress(sqlite3.Error):
                self._rows.close()
            self._rows = None

    def _opened(self) -> SpoolRows:
        if self._rows is None:
            self._rows = self._open()
            self._stat = self._path.stat()
        elif not self._is_in_place():
            self.close()
            raise SpoolLostError(f"{self._path} was removed or replaced while it was in use")
        return self._rows

    def _open(self) -> SpoolRows:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Nobody else may read it, from its first moment on. SQLite gives the others the same mode.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = connect(self._path)
        try:
            # Ids of a new file are higher than those of the file before it.
            prepare(connection, max(self._last_read, int(self._clock.now() * 1000)))
            return SpoolRows(connection, self._last_read)
        except BaseException:
            connection.close()
            raise

    def _is_in_place(self) -> bool:
        try:
            return self._stat is not None and os.path.samestat(self._stat, self._path.stat())
        except FileNotFoundError:
            return False

    def _put_aside(self, why: str) -> SpoolFileError:
        """Rename the file. Returns the error to raise."""
        self.close()
        aside = self._path.with_name(f"{self._path.name}.damaged-{int(self._clock.now())}")
        try:
            for suffix in _SUFFIXES:
                with suppress(FileNotFoundError):
                    self._path.with_name(self._path.name + suffix).replace(f"{aside}{suffix}")
        except OSError as e:
            return SpoolFileError(
                f"{self._path} cannot be used: {why}; it cannot be renamed either: "
                f"{system_words(e)}"
            )
        return SpoolLostError(f"{self._path} cannot be used: {why}; it was renamed to {aside.name}")


def connect(path: Path) -> sqlite3.Connection:
    """Open a database that exists. Raises sqlite3.Error."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_LOCKED_S, isolation_level=None
    )


def operate(path: Path, work: Callable[[SpoolRows], Result]) -> Result:
    """Call `work` with the rows of a file that exists, perhaps beside the adapter that uses it.

    Raises SpoolFileError, and changes nothing then.
    """
    try:
        with closing(connect(path)) as connection:
            prepare(connection, 0)
            return work(SpoolRows(connection))
    except sqlite3.Error as e:
        raise SpoolFileError(f"{path} cannot be used: {e}") from None
    except ValueError as e:
        raise SpoolFileError(f"{path} cannot be used: {e}") from None
