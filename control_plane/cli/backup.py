"""`policy-control-plane backup`: copies the databases while the platform runs."""

from pathlib import Path
from typing import Annotated

import typer

from control_plane.cli.common import DatabaseOption, failing_in_words, settings_with
from control_plane.database_address import events_file, require_file
from control_plane.store.backup import back_up
from control_plane.store.private_file import require_free
from control_plane.store.schema import CONFIGURATION, EVENTS


def backup(
    to: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The file to write. The events go beside it. Neither may exist."
        ),
    ],
    database: DatabaseOption = None,
) -> None:
    """Copy the database and its events to new files. The platform may be running."""
    settings = settings_with(database)
    with failing_in_words():
        source = require_file(settings.database, "back up a PostgreSQL database with pg_dump")
        require_free(to, events_file(to))
        if events_file(source).exists():
            back_up(events_file(source), events_file(to), EVENTS)
        back_up(source, to, CONFIGURATION)
    typer.echo(f"the backup is in {to}")
