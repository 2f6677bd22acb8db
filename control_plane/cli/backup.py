"""`policy-control-plane backup`: copies the databases while the platform runs."""

from pathlib import Path
from typing import Annotated

import typer

from control_plane.app import events_path
from control_plane.cli.common import DatabaseOption, failing_in_words, settings_with
from control_plane.store.backup import back_up
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
    source = settings_with(database).database
    with failing_in_words():
        if events_path(source).exists():
            back_up(events_path(source), events_path(to), EVENTS)
        back_up(source, to, CONFIGURATION)
    typer.echo(f"the backup is in {to}")
