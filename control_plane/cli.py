"""The command `policy-control-plane`."""

import json
import logging
import os
import platform
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import structlog
import typer
import uvicorn
from pydantic import ValidationError

from control_plane.accounts.first_start import Credentials, Publish, reset, set_up
from control_plane.app import (
    create_app,
    events_path,
    open_services,
)
from control_plane.clock import SystemClock
from control_plane.errors import ControlPlaneError
from control_plane.protocol.connections import TimedProtocol, room_for_connections, timed_protocol
from control_plane.protocol.field_errors import field_errors
from control_plane.protocol.services import Services
from control_plane.settings import ENV_PREFIX, Settings, unknown_variables
from control_plane.store.backup import back_up
from control_plane.store.schema import CONFIGURATION, EVENTS
from control_plane.version import program_version

_STOP_DEADLINE_S = 10

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

DatabaseOption = Annotated[Path | None, typer.Option(help="SQLite file; made if missing.")]
CredentialsOption = Annotated[
    Path | None,
    typer.Option(
        help="Write new credentials to this new file, as JSON with mode 0600, instead of printing."
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        python = platform.python_version()
        typer.echo(f"policy-control-plane {program_version()} (Python {python})")
        raise typer.Exit


@app.callback()
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


@app.command()
def serve(
    database: DatabaseOption = None,
    listen: Annotated[str, typer.Option(help="Address and port; port 0: any free one.")] = (
        "127.0.0.1:8085"
    ),
    credentials_file: CredentialsOption = None,
    endpoints: Annotated[
        Path | None, typer.Option(help="Write the address that was bound here, as JSON.")
    ] = None,
    log_format: Annotated[str, typer.Option(help="console or json.")] = "console",
) -> None:
    """Run the platform. The first start makes credentials and shows them once."""
    # uvicorn raises the signal again when it has stopped; that is then an ordinary end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    _configure_logs(log_format)
    try:
        services = _services(database)
        with _listening_socket(listen) as bound:
            base_url = _base_url(bound)
            set_up(services.database, services.hasher, _publisher(credentials_file, base_url))
            if endpoints is not None:
                endpoints.write_text(json.dumps({"base_url": base_url}) + "\n")
            typer.echo(f"listening on {base_url}")
            _run(services, bound)
    except (ControlPlaneError, OSError) as error:
        _fail(str(error))


@app.command()
def reset_credentials(
    database: DatabaseOption = None, credentials_file: CredentialsOption = None
) -> None:
    """Replace lost credentials of admin and gateway; the old ones and all tokens end."""
    try:
        services = _services(database)
        reset(services.database, services.hasher, _publisher(credentials_file, None))
        services.close()
    except (ControlPlaneError, OSError) as error:
        _fail(str(error))


@app.command()
def backup(
    to: Annotated[Path, typer.Option(help="The file to make; it must not exist.")],
    database: DatabaseOption = None,
) -> None:
    """Copy the database and its events to new files; the platform may be running."""
    source = _settings(database).database
    try:
        if events_path(source).exists():
            back_up(events_path(source), events_path(to), EVENTS)
        back_up(source, to, CONFIGURATION)
    except (ControlPlaneError, OSError) as error:
        _fail(str(error))
    typer.echo(f"backup in {to}")


def main() -> None:
    """The entry point."""
    app()


def _services(database: Path | None) -> Services:
    return open_services(_settings(database), SystemClock())


def _settings(database: Path | None) -> Settings:
    unknown = unknown_variables()
    if unknown:
        _fail(f"unknown settings: {', '.join(unknown)}; the prefix {ENV_PREFIX} is ours")
    chosen: dict[str, Any] = {} if database is None else {"database": database}
    try:
        return Settings(**chosen)
    except ValidationError as error:
        _fail(f"settings: {field_errors(error.errors())}")


def _fail(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


def _listening_socket(listen: str) -> socket.socket:
    """A bound socket that accepts connections; raise ControlPlaneError for a bad address."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise ControlPlaneError(f"--listen {listen}: must be HOST:PORT, such as 127.0.0.1:8085")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family, backlog=128)
    except OSError as error:
        raise ControlPlaneError(f"--listen {listen}: {error.strerror or error}") from error


def _base_url(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _publisher(path: Path | None, base_url: str | None) -> Publish:
    """Writes new credentials to the file, or to standard output if there is none."""

    def publish(credentials: Credentials) -> None:
        if path is not None:
            credentials.write(path, base_url)
            typer.echo(f"new credentials are in {path}")
            return
        typer.echo(
            "New credentials, shown this once:\n"
            f"  organization            {credentials.organization_id}\n"
            f"  environment             {credentials.environment_id}\n"
            f"  admin user              {credentials.admin_username}\n"
            f"  admin password          {credentials.admin_password}\n"
            f"  gateway client id       {credentials.gateway_client_id}\n"
            f"  gateway client secret   {credentials.gateway_client_secret}"
        )

    return publish


def server_config(
    services: Services, protocol: type[TimedProtocol] | None = None
) -> uvicorn.Config:
    """How uvicorn serves the application; the Date header is the application's own."""
    return uvicorn.Config(
        create_app(services),
        http=protocol or timed_protocol(),
        access_log=False,
        log_config=None,
        date_header=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_STOP_DEADLINE_S,
        ws="none",
    )


def _run(services: Services, bound: socket.socket) -> None:
    log = structlog.get_logger()
    log.info("control_plane.started", version=program_version(), pid=os.getpid())
    try:
        protocol = timed_protocol(room_for_connections())
        uvicorn.Server(server_config(services, protocol)).run(sockets=[bound])
    finally:
        log.info("control_plane.stopped")


def _end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    raise SystemExit(0)


def _configure_logs(log_format: str) -> None:
    renderers: dict[str, Any] = {
        "json": structlog.processors.JSONRenderer(),
        "console": structlog.dev.ConsoleRenderer(colors=False),
    }
    if log_format not in renderers:
        _fail(f"--log-format {log_format}: must be console or json")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderers[log_format],
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
