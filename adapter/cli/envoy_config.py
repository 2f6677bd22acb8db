"""`policy-adapter envoy-config`: prints an Envoy configuration that matches the settings."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from adapter.cli.common import ConfigOption, fail, settings_of, write_file
from adapter.envoy_config import AdapterTls, ApiRoute, EnvoyConfig, ListenerTls, render
from adapter.errors import ConfigurationError
from adapter.ext_authz.check.request import ADDRESS_HEADER
from adapter.settings import Settings

_API = re.compile(r"(?P<id>[^@=]+)(@(?P<domain>[^=]+))?=(?P<scheme>http|grpc)://(?P<rest>.+)")


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
    settings = settings_of(config)
    try:
        tls = _adapter_tls(settings, adapter_ca_file, certificate_file, key_file)
        envoy = _envoy_config(settings, api, adapter, listen, admin, tls)
        listener_tls = _listener_tls(listener_certificate_file, listener_key_file, client_ca_file)
        text = render(replace(envoy, trusted_hops=trusted_hops, listener_tls=listener_tls))
        if output is not None:
            write_file(output, text, private=True)
    except ConfigurationError as e:
        fail(e)
    if output is None:
        typer.echo(text, nl=False)


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
