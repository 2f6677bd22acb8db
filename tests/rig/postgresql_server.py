"""A real PostgreSQL server on loopback, with a database without rows for each test.

A database keeps its tables between tests, because PostgreSQL takes a fifth of a second to make and
drop them, and tests of hundreds of endpoints need them. Tests of what happens to tables get a
database without any.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from control_plane.store.schema import CONFIGURATION, EVENTS
from tests.rig.cache import filling_cache
from tests.rig.debian_packages import install_package
from tests.rig.redis_server import free_port

_PROGRAMS = Path("/usr/lib/postgresql")
"""Where Debian has the programs of each version."""

# No test cuts the power, so nothing has to reach the disk.
_SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "max_connections=200",
    "listen_addresses=127.0.0.1",
)
_START_DEADLINE_S = 60
_NOBODY = 65534

_WITHOUT_TABLES = "postgres"
_WITH_TABLES = "with_tables"
_SCHEMAS = [CONFIGURATION.name, EVENTS.name]

# Events are in partitions, one for each day, which the program makes when events come.
_EMPTYING = """
SELECT format(
    CASE WHEN relispartition THEN 'DROP TABLE %%s' ELSE 'DELETE FROM %%s' END, oid::regclass
)
FROM pg_class
WHERE relnamespace::regnamespace::text = ANY(%s) AND relkind IN ('r', 'p')
    AND relname <> 'alembic_version'
ORDER BY relispartition DESC
"""
_COUNTING_ANEW = """
SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE schemaname = ANY(%s)
"""


class PostgresqlServer:
    """One server process with an empty directory for its data."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._programs = _programs()
        self.port = free_port()
        if os.geteuid() == 0:
            shutil.chown(directory, _NOBODY, _NOBODY)
        self._run("initdb", "--auth=trust", "--username=platform", "--locale=C", "--encoding=UTF8")

    def start(self) -> None:
        """Start it, and return when it answers."""
        settings = (*_SETTINGS, f"port={self.port}", f"unix_socket_directories={self._directory}")
        options = " ".join(f"-c {setting}" for setting in settings)
        log = str(self._directory / "log")
        waiting = ("--wait", f"--timeout={_START_DEADLINE_S}")
        self._run("pg_ctl", "start", *waiting, "--log", log, "--options", options)

    def stop(self) -> None:
        """End it. Clients lose their connections."""
        self._run("pg_ctl", "stop", "--wait", "--mode=fast")

    def create_database(self, name: str) -> None:
        """Add a database without tables."""
        with psycopg.connect(self.address(_WITHOUT_TABLES), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())

    def address(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://platform@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The URL of a database without tables. Those made in the block are dropped after it."""
        yield self.address(_WITHOUT_TABLES)
        with psycopg.connect(self.address(_WITHOUT_TABLES), autocommit=True) as connection:
            for schema in _SCHEMAS:
                connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())

    @contextmanager
    def database_without_rows(self) -> Iterator[str]:
        """The URL of a database whose tables, if it has them yet, have no rows.

        The first program that opens it makes the tables. The block may not change them.
        """
        yield self.address(_WITH_TABLES)
        with psycopg.connect(self.address(_WITH_TABLES)) as connection:
            # Without triggers, foreign keys do not dictate an order.
            connection.execute("SET session_replication_role = replica")
            for (statement,) in connection.execute(_EMPTYING, [_SCHEMAS]).fetchall():
                connection.execute(statement)
            connection.execute(_COUNTING_ANEW, [_SCHEMAS])

    def _run(self, program: str, *arguments: str) -> None:
        # The server refuses to run as root.
        user: dict[str, Any] = (
            {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        errors = self._directory / "errors"
        # Not a pipe: the server would keep it open.
        with errors.open("ab") as file:
            done = subprocess.run(
                [self._programs / program, *arguments, "--pgdata", str(self._directory / "data")],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=file,
                cwd=self._directory,
                **user,
            )
        assert done.returncode == 0, errors.read_text()


def _programs() -> Path:
    """The folder of the newest server's programs."""
    with filling_cache():
        if not list(_PROGRAMS.glob("*/bin/postgres")):
            install_package("postgresql")
    servers = _PROGRAMS.glob("*/bin/postgres")
    return max(servers, key=lambda server: int(server.parts[-3])).parent


@contextmanager
def running_postgresql() -> Iterator[PostgresqlServer]:
    """A server that runs while the block does."""
    # Not among pytest's directories: only their owner can enter those, and that may be root.
    with tempfile.TemporaryDirectory(prefix="postgresql-") as directory:
        server = PostgresqlServer(Path(directory))
        server.start()
        try:
            server.create_database(_WITH_TABLES)
            yield server
        finally:
            server.stop()
