"""`policy-adapter check-config`: checks the settings, and what the adapter needs."""

import asyncio
from typing import Annotated

import typer

from adapter.cli.common import ConfigOption, examined_settings, print_notes

_FAILED_ONLINE = 1


def check_config(
    config: ConfigOption = None,
    online: Annotated[
        bool,
        typer.Option(
            "--online",
            help="Also ask the platform, Redis and the client provider. Exit code 1 if "
            "one of them refuses or cannot be reached.",
        ),
    ] = False,
) -> None:
    """Check everything that serve needs, and print all errors."""
    settings, notes = examined_settings(config)
    platform = settings.platform
    source = f"environment file is {platform.file}" if platform.file else None
    typer.echo(f"the settings are good; the {source or f'platform is {platform.base_url}'}")
    print_notes(notes)
    if online:
        from adapter.app.preflight.online import examine_online  # noqa: PLC0415 - slow to import

        answers = asyncio.run(examine_online(settings))
        for line in answers.good:
            typer.echo(line)
        print_notes(answers.notes)
        for fault in answers.faults:
            typer.echo(f"failed: {fault}", err=True)
        if answers.faults:
            raise typer.Exit(_FAILED_ONLINE)
