"""What several commands share: options, settings, and how a command fails."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn
from urllib.parse import urlsplit

import typer
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.accounts.renewal import NO_CREDENTIALS
from control_plane.app import open_services
from control_plane.clock import SystemClock
from control_plane.errors import ControlPlaneError
from control_plane.field_errors import field_errors
from control_plane.management.transaction import COMMAND_LINE, Transaction
from control_plane.services import Services
from control_plane.settings import ENV_PREFIX, Settings, unknown_variables
from control_plane.store.tables import Organization

DEFAULT_URL: Final = "http://127.0.0.1:8085"
"""Where `serve` listens without `--listen`."""

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|URL",
        help="The SQLite file of the platform, or postgresql://USER@HOST/DATABASE. Default: "
        "POLICY_CONTROL_PLANE_DATABASE, or control-plane.db in this directory.",
    ),
]
EnvironmentOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The environment of the adapter. Needed if there are several."
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="The address at which clients reach the platform. Default: "
        "POLICY_CONTROL_PLANE_PUBLIC_URL, or http://127.0.0.1:8085.",
    ),
]
CredentialsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write the new credentials to this file, as JSON with mode 0600, instead of showing "
        "them. The file must not exist.",
    ),
]


def settings_with(database: str | None, **options: Any) -> Settings:
    """The settings of the environment, with the options that are given. Ends the command if bad."""
    unknown = unknown_variables()
    if unknown:
        known = ", ".join(f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields)
        fail(f"unknown settings in the environment: {', '.join(unknown)}; known are {known}")
    given = options | {"database": database}
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**chosen)
    except ValidationError as error:
        fail(f"settings: {_named_as_written(field_errors(error.errors()), given)}")


def _named_as_written(faults: str, given: Mapping[str, Any]) -> str:
    """The faults with the names of options and variables in place of our own."""

    def written(name: re.Match[str]) -> str:
        if given.get(name[0]) is not None:
            return f"--{name[0].replace('_', '-')}"
        return f"{ENV_PREFIX}{name[0].upper()}"

    # A fault of several settings together has no place, and its text names them.
    names = "|".join(name for name in Settings.model_fields if "_" in name)
    return re.sub(rf"\b(?:{names}|database(?=:))\b", written, faults.replace("value: ", ""))


def checked_url(url: str) -> str:
    """The URL of a platform, without a slash at its end; raise ControlPlaneError if it is none."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.query or parts.fragment:
        raise ControlPlaneError(f"{url} is not the address of a platform, such as {DEFAULT_URL}")
    return url.rstrip("/")


def platform_url(settings: Settings, given: str | None) -> str:
    """The address of --base-url, or that of the settings."""
    return checked_url(given or str(settings.public_url or DEFAULT_URL))


@contextmanager
def opened(settings: Settings) -> Iterator[Services]:
    """The services of a database that exists already, for a command that changes it."""
    if isinstance(settings.database, Path) and not settings.database.exists():
        raise ControlPlaneError(f"there is no database {settings.database}; use --database")
    services = open_services(settings, SystemClock())
    try:
        yield services
    finally:
        services.close()


@contextmanager
def changing(services: Services) -> Iterator[Transaction]:
    """A write transaction of a command, in the organization of the database."""
    with services.database.write() as session:
        organization_id, now = the_organization(session), services.clock.now()
        yield Transaction(session, COMMAND_LINE, organization_id, now, services.epochs)


def the_organization(session: Session) -> str:
    """The id of the database's organization; raise ControlPlaneError before the first start."""
    found = session.scalars(select(Organization.id).order_by(Organization.id)).first()
    if found is None:
        raise ControlPlaneError(NO_CREDENTIALS)
    return found


@contextmanager
def failing_in_words() -> Iterator[None]:
    """End the command with one line on standard error for every expected failure."""
    try:
        yield
    except ControlPlaneError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below their titles, in columns."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    for row in (titles, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def when(time: datetime | None) -> str:
    """The time to a minute, in UTC."""
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M}"


def fail(message: str) -> NoReturn:
    """End the command."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)
