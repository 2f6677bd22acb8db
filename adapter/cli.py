"""The command `policy-adapter`.

Exit codes: 0 for success; 2 if the settings or arguments cannot be used. Standard error says why.
"""

import asyncio
import json
import re
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from adapter.envoy_config import AdapterTls, ApiRoute, EnvoyConfig, ListenerTls, render
from adapter.errors import ConfigurationError
from adapter.ext_authz.check.request import ADDRESS_HEADER
from adapter.runtime import garbage
from adapter.settings import Settings, load_settings

if TYPE_CHECKING:
    from adapter.app.adapter import Endpoints

_BAD_SETTINGS = 2
_API = re.compile(r"(?P<id>[^@=]+)(@(?P<domain>[^=]+))?=(?P<scheme>http|grpc)://(?P<rest>.+)")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="API management on any Envoy.",
)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file of settings; environment variables override it."),
]


@app.command()
def serve(
    config: ConfigOption = None,
    endpoints: Annotated[
        Path | None,
        typer.Option(help="JSON file to write, with the adapter's own addresses."),
    ] = None,
) -> None:
    """Run the adapter until SIGTERM."""
    # Only here, because these imports take time that other commands do not need to spend.
    with garbage.nothing_to_collect():
        import uvloop  # noqa: PLC0415

        from adapter.app import adapter  # noqa: PLC0415
        from adapter.telemetry.logs import configure_logging  # noqa: PLC0415

    settings = _settings(config)
    configure_logging(settings.observability.log_level, settings.observability.log_format)

    def announce(found: "Endpoints") -> None:
        if endpoints is not None:
            _write(endpoints, json.dumps(asdict(found)) + "\n")

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(adapter.serve(settings, announce))
    except ConfigurationError as e:
        _fail(e)


@app.command()
def check_config(config: ConfigOption = None) -> None:
    """Check the settings and print all errors in them."""
    settings = _settings(config)
    typer.echo(f"the settings are valid; the platform is {settings.platform.base_url}")


@app.command(name="policy-schemas")
def print_policy_schemas(
    policy_type: Annotated[str | None, typer.Argument(help="One type. Default: all.")] = None,
) -> None:
    """Print JSON Schemas of the configurations of all policy types, or of one."""
    from adapter.policy.policy_schemas import policy_schemas  # noqa: PLC0415 - slow to import

    schemas = policy_schemas()
    if policy_type is not None and policy_type not in schemas:
        known = ", ".join(schemas)
        _fail(ConfigurationError(f"unknown policy type {policy_type!r}; known types: {known}"))
    typer.echo(json.dumps(schemas if policy_type is None else schemas[policy_type], indent=2))


@app.command()
def envoy_config(
    api: Annotated[
        list[str],
        typer.Option(
            help="An API and its upstream: ID[@DOMAIN]=http://HOST:PORT/PREFIX, or grpc:// for a "
            "gRPC service. Repeatable."
        ),
    ],
    config: ConfigOption = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(help="Address of an adapter process. Repeatable. Default: from the settings."),
    ] = None,
    listen: Annotated[str, typer.Option(help="Address of Envoy's listener.")] = "0.0.0.0:8080",
    admin: Annotated[str, typer.Option(help="Address of Envoy's admin interface.")] = (
        "127.0.0.1:9901"
    ),
    trusted_hops: Annotated[
        int,
        typer.Option(
            min=0, help="How many trusted proxies in front of Envoy append to x-forwarded-for."
        ),
    ] = 0,
    adapter_ca_file: Annotated[
        str | None,
        typer.Option(help="PEM file of the CAs that signed the adapters' TLS certificates."),
    ] = None,
    certificate_file: Annotated[
        str | None,
        typer.Option(help="PEM file of Envoy's certificate, for adapters that ask for one."),
    ] = None,
    key_file: Annotated[str | None, typer.Option(help="PEM file of the certificate's key.")] = None,
    listener_certificate_file: Annotated[
        str | None,
        typer.Option(help="PEM file of Envoy's certificate for clients. Default: no TLS."),
    ] = None,
    listener_key_file: Annotated[
        str | None, typer.Option(help="PEM file of that certificate's key.")
    ] = None,
    client_ca_file: Annotated[
        str | None,
        typer.Option(
            help="PEM file of the CAs of clients' certificates. Every client then needs one."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="File to write, with mode 0600 because it contains the token."),
    ] = None,
) -> None:
    """Print an Envoy configuration that matches the settings."""
    settings = _settings(config)
    try:
        tls = _adapter_tls(settings, adapter_ca_file, certificate_file, key_file)
        envoy = _envoy_config(settings, api, adapter, listen, admin, tls)
        listener_tls = _listener_tls(listener_certificate_file, listener_key_file, client_ca_file)
        text = render(replace(envoy, trusted_hops=trusted_hops, listener_tls=listener_tls))
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
    settings: Settings, ca_file: str | None, certificate_file: str | None, key_file: str | None
) -> AdapterTls | None:
    """The PEM files for the listener of the settings; they need not be on this machine."""
    listener = settings.listener
    if listener.tls_certificate_file is None and not (ca_file or certificate_file or key_file):
        return None
    if listener.tls_certificate_file is None or ca_file is None:
        raise ConfigurationError(
            "TLS between Envoy and the adapters needs both "
            "listener.tls_certificate_file and --adapter-ca-file"
        )
    if (certificate_file is None) != (key_file is None):
        raise ConfigurationError("set both --certificate-file and --key-file, or neither")
    if listener.tls_client_ca_file and not key_file:
        raise ConfigurationError(
            "listener.tls_client_ca_file asks Envoy for a certificate: "
            "set --certificate-file and --key-file"
        )
    return AdapterTls(ca_file, certificate_file, key_file)


def _listener_tls(
    certificate_file: str | None, key_file: str | None, client_ca_file: str | None
) -> ListenerTls | None:
    """The PEM files for clients; they need not be on this machine."""
    if not (certificate_file or key_file or client_ca_file):
        return None
    if certificate_file is None or key_file is None:
        raise ConfigurationError(
            "TLS for clients needs both --listener-certificate-file and --listener-key-file"
        )
    return ListenerTls(certificate_file, key_file, client_ca_file)


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
        client_address_header=settings.requests.client_address_header or ADDRESS_HEADER,
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
