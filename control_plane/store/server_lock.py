"""A lock that says that one control plane serves a SQLite file (flock(2)).

Each process has its own queue of writers, and SQLite has no queue for those of several processes.
Several control planes are possible on PostgreSQL. Commands that run beside the server, such as
`backup`, do not take the lock.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from control_plane.database_address import DatabaseAddress
from control_plane.errors import UnusableDatabaseError


@contextmanager
def served_alone(database: DatabaseAddress) -> Iterator[None]:
    """Keep other servers off the file; raise UnusableDatabaseError if there is one already.

    The system ends the lock with the process, however that ends.
    """
    if isinstance(database, URL):
        yield
        return
    file = database.resolve()
    try:
        descriptor = os.open(file.with_name(f".{file.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UnusableDatabaseError(f"database {database}: {error.strerror}") from error
    try:
        _lock(descriptor, database)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, database: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UnusableDatabaseError(
            f"database {database}: another control plane serves this file; stop it first, or use "
            "PostgreSQL for several"
        ) from None
    except OSError as error:
        # Some network file systems have no locks.
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
