"""Creates the tables of a new database, and upgrades older tables to those of this program.

Alembic keeps the history: each migration has a number, and the database remembers the last one in
`alembic_version`. SQLite files from before Alembic have the same number in `user_version` only. In
SQLite files we write both, because those older programs look at `user_version` to refuse a newer
file.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from control_plane.errors import UnusableDatabaseError
from control_plane.store.schema import MIGRATIONS, Schema
from control_plane.store.versions import mark, version, write_version


def prepare(connection: Connection, schema: Schema, name: str, facts: Mapping[str, Any]) -> None:
    """Give the database the tables of this program; call it in a write transaction.

    `name` is the database's, for messages. `facts` are what migrations need to know and can't find
    in the database. Raise UnusableDatabaseError if the tables belong to another program or to a
    newer one.
    """
    scripts, newest = _scripts(schema), _newest(schema)
    if not inspect(connection).get_table_names():
        mark(connection, schema)
        schema.tables.create_all(connection)
        MigrationContext.configure(connection).stamp(scripts, "head")
    else:
        found = _known_version(connection, schema, name, newest)
        context = MigrationContext.configure(connection)
        if context.get_current_revision() is None:
            context.stamp(scripts, f"{found:04}")
        if found < newest:
            config = _config(schema)
            config.attributes |= {"connection": connection, **facts}
            command.upgrade(config, "head")
            log = structlog.get_logger()
            log.info("database.upgraded", database=name, since=found, to=newest)
    write_version(connection, newest)


def require_current(connection: Connection, schema: Schema, name: str) -> None:
    """Raise UnusableDatabaseError unless the tables have the version of this program."""
    if not inspect(connection).get_table_names():
        raise UnusableDatabaseError(f"database {name} is empty")
    newest = _newest(schema)
    found = _known_version(connection, schema, name, newest)
    if found < newest:
        raise UnusableDatabaseError(
            f"database {name} has schema version {found}, this program needs {newest};"
            " start the platform on it once, which upgrades it"
        )


def _newest(schema: Schema) -> int:
    return int(_scripts(schema).get_current_head() or 0)


@cache
def _scripts(schema: Schema) -> ScriptDirectory:
    """The migrations. Alembic runs all their files to read them, so this happens once."""
    return ScriptDirectory.from_config(_config(schema))


def _config(schema: Schema) -> Config:
    config = Config()
    for option, folder in (("script_location", MIGRATIONS), ("version_locations", schema.history)):
        config.set_main_option(option, str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _known_version(connection: Connection, schema: Schema, name: str, newest: int) -> int:
    found = version(connection, schema)
    if found is None:
        raise UnusableDatabaseError(f"database {name} belongs to another program; name a new one")
    if not 1 <= found <= newest:
        raise UnusableDatabaseError(
            f"database {name} has schema version {found}, this program needs {newest};"
            " use the program that wrote it or a newer one, or restore a backup"
        )
    return found
