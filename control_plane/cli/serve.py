"""`policy-control-plane serve`: runs the platform."""

import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import structlog
import typer
import uvicorn

from control_plane.accounts.first_start import set_up
from control_plane.app import create_app, open_services
from control_plane.cli.common import (
    CredentialsOption,
    DatabaseOption,
    fail,
    failing_in_words,
    settings_with,
)
from control_plane.cli.listening import base_url, listening_socket
from control_plane.cli.publishing import publisher
from control_plane.clock import SystemClock
from control_plane.database_address import DatabaseAddress
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.protocol.connections import TimedProtocol, room_for_connections, timed_protocol
from control_plane.services import Services
from control_plane.store.server_lock import served_alone
from control_plane.version import program_version

_STOP_DEADLINE_S = 10


def serve(
    database: DatabaseOption = None,
    listen: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="The address and port to listen on. Port 0 takes any free port.",
        ),
    ] = "127.0.0.1:8085",
    credentials_file: CredentialsOption = None,
    adapter_settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="At the first start, write the settings of an adapter to this file, with mode "
            "0600. The file must not exist.",
        ),
    ] = None,
    endpoints: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the address in use to this file, as JSON."),
    ] = None,
    public_url: Annotated[
        str | None,
        typer.Option(
            help="The address in the browser, behind a proxy: https://console.example.com. "
            "Default: POLICY_CONTROL_PLANE_PUBLIC_URL."
        ),
    ] = None,
    events: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Keep events in ClickHouse: clickhouse://USER@HOST:8123/DATABASE. "
            "Default: POLICY_CONTROL_PLANE_EVENTS.",
        ),
    ] = None,
    log_format: Annotated[
        str, typer.Option(metavar="FORMAT", help="How to write the log: console (text) or json.")
    ] = "console",
) -> None:
    """Run the platform until SIGTERM.

    The first start makes the database, and credentials for an admin and a gateway. It shows them
    only once.
    """
    # uvicorn raises the signal again when it has stopped; that is then an ordinary end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    _configure_logs(log_format)
    settings = settings_with(database, public_url=public_url, events=events)
    with failing_in_words(), served_alone(settings.database):
        services = open_services(settings, SystemClock())
        with listening_socket(listen) as bound:
            url = base_url(bound)
            public = str(settings.public_url or base_url(bound, for_clients=True)).rstrip("/")
            publish = publisher(
                public, credentials_file=credentials_file, settings_file=adapter_settings
            )
            if not set_up(services.database, services.hasher, publish, services.clock.now()):
                _explain_missing(adapter_settings, settings.database)
            if endpoints is not None:
                endpoints.write_text(json.dumps({"base_url": url}) + "\n")
            typer.echo(f"listening on {url}")
            _run(services, bound, public)


def server_config(
    services: Services, protocol: type[TimedProtocol] | None = None, console_url: str = ""
) -> uvicorn.Config:
    """How uvicorn serves the application; the Date header is the application's own."""
    return uvicorn.Config(
        create_app(services, console_url),
        http=protocol or timed_protocol(),
        access_log=False,
        log_config=None,
        date_header=False,
        server_header=False,
        proxy_headers=bool(proxies := services.settings.trusted_proxies),
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=_STOP_DEADLINE_S,
        ws="none",
    )


def _explain_missing(adapter_settings: Path | None, database: DatabaseAddress) -> None:
    """A later start can't write the settings, because the gateway's secret is stored hashed."""
    if adapter_settings is not None and not adapter_settings.exists():
        # A URL would have to be typed with its password, which is not ours to show.
        named = f"--database {database} " if isinstance(database, Path) else ""
        typer.echo(
            f"{adapter_settings} was not written, because this is not the first start. To write it "
            f"with new gateway credentials: policy-control-plane adapter-settings "
            f"{named}--output {adapter_settings}",
            err=True,
        )


def warn_of_incomplete_checks(checks: PolicyChecks) -> None:
    """Say at the start what is not checked without the adapter's package."""
    if not checks.is_complete:
        structlog.get_logger().warning(
            "control_plane.policies_checked_in_part",
            reason="the adapter's package is not installed here, so expressions, patterns and "
            "addresses in policies are checked by the gateways only",
            fix="install envoy-policy-adapter beside the control plane",
        )


def _run(services: Services, bound: socket.socket, console_url: str) -> None:
    log = structlog.get_logger()
    log.info("control_plane.started", version=program_version(), pid=os.getpid())
    warn_of_incomplete_checks(services.policy_checks)
    try:
        protocol = timed_protocol(room_for_connections())
        uvicorn.Server(server_config(services, protocol, console_url)).run(sockets=[bound])
    finally:
        log.info("control_plane.stopped")


def _end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    raise SystemExit(0)


def _configure_logs(log_format: str) -> None:
    renderers: dict[str, Any] = {
        "json": structlog.processors.JSONRenderer(),
        # The default for tracebacks shows the values of local variables, secrets among them.
        "console": structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    }
    if log_format not in renderers:
        fail(f"--log-format {log_format}: must be console or json")
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
