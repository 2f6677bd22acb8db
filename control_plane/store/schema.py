"""The two kinds of database files: their tables, their mark, and the history of their tables."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import MetaData

from control_plane.store.tables import Base
from control_plane.store.tables.events import metadata as event_tables

MIGRATIONS: Final = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Schema:
    """What a kind of database file contains."""

    tables: MetaData
    application_id: int
    """Marks a SQLite file as one of this kind."""
    history: Path
    """The folder of Alembic's migrations for files of this kind."""


CONFIGURATION: Final = Schema(Base.metadata, 0x45506370, MIGRATIONS / "configuration")
EVENTS: Final = Schema(event_tables, 0x45506576, MIGRATIONS / "events")
