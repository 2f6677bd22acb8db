"""Upgrades of the events file from one schema version to the next."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    column,
    insert,
    literal,
    select,
    table,
    text,
)

from control_plane.analytics.event_store import events

_OLD = "events_1"


def key_by_organization(organizations: Mapping[str, str], connection: Connection) -> None:
    """From version 1 to 2: an event's id is unique in its organization, not in the whole file.

    `organizations` gives the organization of each environment. SQLite can't change a primary key,
    so all rows are copied into a new table.
    """
    connection.execute(text(f"ALTER TABLE events RENAME TO {_OLD}"))
    for index in events.indexes:
        connection.execute(text(f"DROP INDEX {index.name}"))
    events.create(connection)
    names = [row.name for row in connection.execute(text(f"PRAGMA table_info({_OLD})"))]
    values: list[ColumnElement[Any]] = [_organization(organizations), *map(column, names)]
    rows = select(*values).select_from(table(_OLD))
    connection.execute(insert(events).from_select(["organization_id", *names], rows))
    connection.execute(text(f"DROP TABLE {_OLD}"))


def _organization(organizations: Mapping[str, str]) -> ColumnElement[str]:
    if not organizations:
        return literal("")
    return case(dict(organizations), value=column("environment_id"), else_="")
