"""The two sets of tables: configuration and events. Each has a name, a mark and a history.

With SQLite, each set has a file of its own; with PostgreSQL, a schema of its own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import MetaData

from control_plane.store.tables import Base
from control_plane.store.tables.events import metadata as event_tables

MIGRATIONS: Final = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Schema:
    """One set of tables."""

    name: str
    """The name of its PostgreSQL schema."""
    tables: MetaData
    application_id: int
    """Marks a SQLite file as one of this kind; on PostgreSQL, the number of the write lock."""
    history: Path
    """The folder of Alembic's migrations for these tables."""


CONFIGURATION: Final = Schema(
    "policy_configuration", Base.metadata, 0x45506370, MIGRATIONS / "configuration"
)
EVENTS: Final = Schema("policy_events", event_tables, 0x45506576, MIGRATIONS / "events")
