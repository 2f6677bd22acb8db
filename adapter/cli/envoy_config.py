"""`policy-adapter envoy-config`: prints an Envoy configuration that matches the settings."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from adapter.cli.api_option import FORM, read_api, read_place
from adapter.cli.common import CollectedErrors, ConfigOption, at_least, fail, settings_of
from adapter.cli.envoy_output import emit, option_faults
from adapter.cli.envoy_tls import adapter_tls, listener_tls
from adapter.cli.mesh_output import emit_mesh
from adapter.envoy_config import SYSTEM_CA_FILE, ApiRoute, EnvoyConfig, validation
from adapter.errors import ConfigurationError
from adapter.ext_authz.check.request import ADDRESS_HEADER
from adapter.settings.workers import worker_addresses


def envoy_config(
    context: typer.Context,
    api: Annotated[
        list[str] | None,
        typer.Option(
            metavar="API",
            help=f"An API and its service: {FORM}. Requests to DOMAIN whose path begins with "
            "PREFIX belong to the API. A PREFIX before '=' is replaced by the one after it. "
            "https:// verifies the service's certificate; grpc:// and grpcs:// are for gRPC "
            "services. Repeatable.",
        ),
    ] = None,
    config: ConfigOption = None,
    mesh: Annotated[
        Literal["envoy", "istio", "envoy-gateway", "gateway-api"],
        typer.Option(
            "--for",
            help="Who configures Envoy. For all but envoy itself, print the objects that an "
            "operator applies there, and the settings of the adapter that fit them.",
        ),
    ] = "envoy",
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --for istio, envoy-gateway or gateway-api: the YAML file that lists the "
            "Envoys and their APIs. docs/mesh/ explains it.",
        ),
    ] = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Address of an adapter process. Repeatable. Default: all workers of the settings.",
        ),
    ] = None,
    listen: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address of Envoy's listener.")
    ] = "0.0.0.0:8080",
    admin: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address of Envoy's admin interface.")
    ] = "127.0.0.1:9901",
    trusted_hops: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            callback=at_least(0),
            help="How many trusted proxies in front of Envoy append to x-forwarded-for.",
        ),
    ] = 0,
    upstream_ca_file: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="PEM file of the CAs that signed the certificates of https:// and grpcs:// "
            "services. The default is the system's on Debian, Ubuntu, Alpine and in Envoy's image.",
        ),
    ] = SYSTEM_CA_FILE,
    rewrite_host: Annotated[
        bool,
        typer.Option(
            "--rewrite-host",
            help="Send each service its own name as the host, instead of the client's. Services "
            "that share an address with others often need it.",
        ),
    ] = False,
    adapter_ca_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="PEM file of the CAs that signed the adapters' TLS certificates."
        ),
    ] = None,
    certificate_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="PEM file of Envoy's certificate, for adapters that ask for one.",
        ),
    ] = None,
    key_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="PEM file of that certificate's key.")
    ] = None,
    listener_certificate_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="PEM file of the certificate that Envoy shows to clients. Default: no TLS.",
        ),
    ] = None,
    listener_key_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="PEM file of that certificate's key.")
    ] = None,
    client_ca_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="PEM file of the CAs that signed the clients' certificates. With it, every client "
            "needs a certificate.",
        ),
    ] = None,
    access_log: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="File for Envoy's own access log, with the adapter's decisions, such as "
            "/dev/stdout. Default: none.",
        ),
    ] = "",
    fragment: Annotated[
        bool,
        typer.Option(
            "--fragment",
            help="Print only the parts to add to an Envoy that you have, and what each protects. "
            "--api then needs no service: ID[@DOMAIN][/PREFIX].",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File to write, with mode 0600 because it contains the token. Only a file of "
            "this command is replaced.",
        ),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Directory to write files to that Envoy reloads when they change. Start Envoy "
            "once with DIR/envoy.yaml; run this command again for each change of the APIs.",
        ),
    ] = None,
) -> None:
    """Print an Envoy configuration that matches the settings."""
    settings = settings_of(config)
    if mesh != "envoy":
        try:
            emit_mesh(context, settings, mesh, plan)
        except ConfigurationError as e:
            fail(e)
        return
    errors, routes = CollectedErrors(), list[ApiRoute]()
    to_adapter = to_clients = None
    for text in api or ():
        with errors:
            routes.append(read_place(text) if fragment and "=" not in text else read_api(text))
    with errors:
        to_adapter = adapter_tls(settings.listener, adapter_ca_file, certificate_file, key_file)
    with errors:
        to_clients = listener_tls(listener_certificate_file, listener_key_file, client_ca_file)
    token = settings.listener.token
    envoy = EnvoyConfig(
        apis=tuple(routes),
        adapters=tuple(adapter or worker_addresses(settings)),
        listen=listen,
        admin=admin,
        header_prefix=settings.requests.identity_header_prefix,
        client_address_header=settings.requests.client_address_header or ADDRESS_HEADER,
        token=token.get_secret_value() if token else None,
        adapter_tls=to_adapter,
        listener_tls=to_clients,
        trusted_hops=trusted_hops,
        upstream_ca_file=upstream_ca_file,
        rewrite_host=rewrite_host,
        access_log=access_log,
    )
    errors.add(validation.address_faults(envoy))
    errors.add(validation.route_faults(routes, services=not fragment) if routes else ())
    errors.add(option_faults(context, envoy))
    try:
        errors.raise_all()
        emit(envoy, fragment=fragment, file=output, directory=output_dir)
    except ConfigurationError as e:
        fail(e)
