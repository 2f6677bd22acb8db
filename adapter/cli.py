"""The command `policy-adapter`: what it can be told, and its exit codes.

0: done; 2: the settings or arguments cannot be used, and standard error says why.
"""

import asyncio
import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from adapter.envoy_config import AdapterTls, ApiRoute, EnvoyConfig, render
from adapter.errors import ConfigurationError
from adapter.runtime import garbage
from adapter.settings import Settings, load_settings

if TYPE_CHECKING:
    from adapter.app import Endpoints

_BAD_SETTINGS = 2
_API = re.compile(r"(?P<id>[^@=]+)(@(?P<domain>[^=]+))?=(?P<scheme>http|grpc)://(?P<rest>.+)")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="API management on any Envoy.",
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="YAML file of settings; the environment wins.")
]


@app.command()
def serve(
    config: ConfigOption = None,
    endpoints: Annotated[
        Path | None, typer.Option(help="Write the addresses that were bound as JSON.")
    ] = None,
) -> None:
    """Answer Envoy's Checks until SIGTERM."""
    # Heavy imports only where they are needed.
    with garbage.nothing_to_collect():
        import uvloop  # noqa: PLC0415

        from adapter import app as composition  # noqa: PLC0415
        from adapter.telemetry.logs import configure_logging  # noqa: PLC0415

    settings = _settings(config)
    configure_logging(settings.observability.log_level, settings.observability.log_format)

    def announce(found: "Endpoints") -> None:
        if endpoints is not None:
            _write(endpoints, json.dumps(asdict(found)) + "\n")

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(composition.serve(settings, announce))
    except ConfigurationError as e:
        _fail(e)


@app.command()
def check_config(config: ConfigOption = None) -> None:
    """Say whether the settings can be used, and if not, everything that is wrong with them."""
    settings = _settings(config)
    typer.echo(f"the settings are good; the platform is {settings.platform.base_url}")


@app.command()
def envoy_config(
    api: Annotated[
        list[str],
        typer.Option(
            help="ID[@DOMAIN]=http://HOST:PORT/PREFIX, or grpc:// for a gRPC service; repeatable."
        ),
    ],
    config: ConfigOption = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(help="Address of an adapter process; repeatable. Default: from the settings."),
    ] = None,
    listen: Annotated[str, typer.Option(help="Where Envoy takes requests.")] = "0.0.0.0:8080",
    admin: Annotated[str, typer.Option(help="Where Envoy's admin interface is.")] = (
        "127.0.0.1:9901"
    ),
    adapter_authority: Annotated[
        str | None, typer.Option(help="PEM file of who signed the adapters' TLS certificates.")
    ] = None,
    certificate: Annotated[
        str | None, typer.Option(help="PEM file of Envoy's own certificate, for the adapters.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="PEM file of its key.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write, mode 0600; it holds the token.")
    ] = None,
) -> None:
    """Print an Envoy configuration that fits the settings."""
    settings = _settings(config)
    try:
        tls = _adapter_tls(settings, adapter_authority, certificate, key)
        text = render(_envoy_config(settings, api, adapter, listen, admin, tls))
        if output is not None:
            _write(output, text, private=True)
    except ConfigurationError as e:
        _fail(e)
    if output is None:
        typer.echo(text, nl=False)


def main() -> None:
    """The entry point."""
    app()


def _adapter_tls(
    settings: Settings, authority: str | None, certificate: str | None, key: str | None
) -> AdapterTls | None:
    """What Envoy needs for the listener of the settings; its files need not be on this machine."""
    listener = settings.listener
    if listener.tls_certificate is None and not (authority or certificate or key):
        return None
    if listener.tls_certificate is None or authority is None:
        raise ConfigurationError(
            "listener.tls_certificate and --adapter-authority go together: "
            "both, for TLS between Envoy and the adapters, or neither"
        )
    if (certificate is None) != (key is None) or (listener.tls_client_authority and not key):
        raise ConfigurationError(
            "--certificate and --key go together; listener.tls_client_authority asks for them"
        )
    return AdapterTls(authority, certificate, key)


def _envoy_config(
    settings: Settings,
    apis: list[str],
    adapters: list[str] | None,
    listen: str,
    admin: str,
    tls: AdapterTls | None,
) -> EnvoyConfig:
    token = settings.listener.token
    return EnvoyConfig(
        apis=tuple(map(_route, apis)),
        adapters=tuple(adapters or [settings.listener.address]),
        listen=listen,
        admin=admin,
        token=token.get_secret_value() if token else None,
        adapter_tls=tls,
        header_prefix=settings.requests.identity_header_prefix,
        client_address_header=settings.requests.client_address_header or "x-adapter-client-address",
    )


def _route(text: str) -> ApiRoute:
    match = _API.fullmatch(text)
    if match is None:
        raise ConfigurationError(f"--api {text!r} is not ID[@DOMAIN]=http://HOST:PORT/PREFIX")
    upstream, _, path = match["rest"].partition("/")
    return ApiRoute(
        api_id=match["id"],
        upstream=upstream,
        domains=(match["domain"] or "*",),
        path_prefix=f"/{path}",
        grpc=match["scheme"] == "grpc",
    )


def _write(file: Path, text: str, *, private: bool = False) -> None:
    try:
        if private:
            file.touch(mode=0o600)
            file.chmod(0o600)
        file.write_text(text)
    except OSError as e:
        raise ConfigurationError(f"cannot write {file}: {e.strerror}") from e


def _settings(config: Path | None) -> Settings:
    try:
        return load_settings(config)
    except ConfigurationError as e:
        _fail(e)


def _fail(error: ConfigurationError) -> NoReturn:
    print(f"policy-adapter: {error}", file=sys.stderr)  # noqa: T201 - it is the command's answer
    raise typer.Exit(_BAD_SETTINGS)
