"""`policy-control-plane copy-database`: moves from SQLite to PostgreSQL, or back."""

from typing import Annotated

import typer

from control_plane.cli.common import fail, failing_in_words
from control_plane.database_address import DatabaseAddress, parse_address, shown
from control_plane.store.copying import copy_database as copy

_Source = Annotated[
    str, typer.Option("--from", metavar="FILE|URL", help="The database to copy. It is not changed.")
]
_Target = Annotated[
    str,
    typer.Option(
        "--to", metavar="FILE|URL", help="An empty PostgreSQL database, or a file to make."
    ),
]


def copy_database(source: _Source, target: _Target) -> None:
    """Copy configuration and events to an empty database: from SQLite to PostgreSQL, or back.

    Stop the platform first. Afterwards start it with --database and the new address.
    """
    addresses = _address("--from", source), _address("--to", target)
    with failing_in_words():
        total = copy(*addresses)
    typer.echo(f"copied {total:,} rows to {shown(addresses[1])}")


def _address(option: str, given: str) -> DatabaseAddress:
    try:
        return parse_address(given)
    except ValueError as error:
        fail(f"{option}: {error}")
