"""Creates the tables of a new file, and upgrades an older file to the tables of this program.

Alembic keeps the history: each migration has a number, and the file remembers the last one in
`alembic_version`. Files from before Alembic have the same number in SQLite's `user_version` only.
We write both. Programs from before Alembic look at `user_version`, and refuse a newer file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from control_plane.errors import UnusableDatabaseError
from control_plane.store.schema import MIGRATIONS, Schema


def prepare(connection: Connection, schema: Schema, path: Path, facts: Mapping[str, Any]) -> None:
    """Give the file the tables of this program; call it in a write transaction.

    `facts` are what migrations need to know and can't find in the file. Raise
    UnusableDatabaseError if the file belongs to another program or to a newer one.
    """
    config = _config(connection, schema, facts)
    scripts = ScriptDirectory.from_config(config)
    newest = int(scripts.get_current_head() or 0)
    if _is_empty(connection):
        connection.exec_driver_sql(f"PRAGMA application_id={schema.application_id}")
        schema.tables.create_all(connection)
        MigrationContext.configure(connection).stamp(scripts, "head")
    else:
        found = _version(connection, schema, path, newest)
        context = MigrationContext.configure(connection)
        if context.get_current_revision() is None:
            context.stamp(scripts, f"{found:04}")
        if found < newest:
            command.upgrade(config, "head")
            log = structlog.get_logger()
            log.info("database.upgraded", path=str(path), since=found, to=newest)
    connection.exec_driver_sql(f"PRAGMA user_version={newest}")


def _config(connection: Connection, schema: Schema, facts: Mapping[str, Any]) -> Config:
    config = Config()
    for option, folder in (("script_location", MIGRATIONS), ("version_locations", schema.history)):
        config.set_main_option(option, str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes |= {"connection": connection, **facts}
    return config


def _is_empty(connection: Connection) -> bool:
    tables: int = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    return tables == 0


def _version(connection: Connection, schema: Schema, path: Path, newest: int) -> int:
    if _pragma(connection, "application_id") != schema.application_id:
        raise UnusableDatabaseError(f"database {path} belongs to another program; name a new file")
    found = _pragma(connection, "user_version")
    if not 1 <= found <= newest:
        raise UnusableDatabaseError(
            f"database {path} has schema version {found}, this program needs {newest};"
            " use the program that wrote it or a newer one, or restore a backup"
        )
    return found


def _pragma(connection: Connection, name: str) -> int:
    value: int = connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
    return value
