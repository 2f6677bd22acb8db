"""Where the data is: a SQLite file, or a PostgreSQL database.

For example `platform.sqlite`, or `postgresql://platform@db.internal/platform`.
"""

from pathlib import Path
from typing import TypeAlias

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from control_plane.errors import UnusableDatabaseError

DatabaseAddress: TypeAlias = Path | URL
"""A file, or a PostgreSQL database. Neither shows a password in its `str` or `repr`."""

_SCHEMES = ("postgresql://", "postgres://")
_DRIVER = "postgresql+psycopg"
_CLICKHOUSE = ("clickhouse", "clickhouses")


def parse_address(text: str) -> DatabaseAddress:
    """The address in a setting; raise ValueError if it is of no kind that we know."""
    if "://" not in text:
        return Path(text)
    if not text.startswith(_SCHEMES):
        scheme = text.partition("://")[0]
        raise ValueError(f"{scheme}:// is not supported: name a file, or use postgresql://")
    try:
        address = make_url(text).set(drivername=_DRIVER)
    except (ArgumentError, ValueError):
        # Without the text, which may contain a password.
        raise ValueError("must look like postgresql://USER@HOST:PORT/DATABASE") from None
    if not address.database:
        raise ValueError("names no database; write postgresql://USER@HOST:PORT/DATABASE")
    return address


def parse_clickhouse(text: str) -> URL:
    """The address of a ClickHouse database; raise ValueError for any other."""
    try:
        address = make_url(text)
    except (ArgumentError, ValueError):
        address = None
    if address is None or address.drivername not in _CLICKHOUSE or not address.host:
        # Without the text, which may contain a password.
        raise ValueError(
            "must look like clickhouse://USER@HOST:8123/DATABASE; clickhouses:// is over TLS"
        )
    return address


def shown(database: DatabaseAddress) -> str:
    """The address as an operator wrote it, without the password."""
    return str(database.set(drivername="postgresql") if isinstance(database, URL) else database)


def events_address(database: DatabaseAddress) -> DatabaseAddress:
    """Where the events are: in the same PostgreSQL database, or in a file of their own."""
    return events_file(database) if isinstance(database, Path) else database


def events_file(database: Path) -> Path:
    """The file of the events: beside the configuration, as `name-events.db`."""
    return database.with_name(f"{database.stem}-events{database.suffix}")


def require_file(database: DatabaseAddress, otherwise: str) -> Path:
    """The file; raise UnusableDatabaseError if it is a PostgreSQL database."""
    if isinstance(database, URL):
        raise UnusableDatabaseError(otherwise)
    return database
