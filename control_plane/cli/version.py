"""`policy-control-plane --version`: prints the version, and the version of Python."""

import platform
from typing import Annotated

import typer

from control_plane.version import program_version


def _print_version(wanted: bool) -> None:
    if wanted:
        python = platform.python_version()
        typer.echo(f"policy-control-plane {program_version()} (Python {python})")
        raise typer.Exit


def options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Options without a command."""
