"""`policy-control-plane adapter-settings`: writes the settings file of one more adapter."""

from pathlib import Path
from typing import Annotated

import typer

from control_plane.accounts.adapter_settings import adapter_settings
from control_plane.accounts.credentials import Credentials
from control_plane.cli.common import (
    DatabaseOption,
    EnvironmentOption,
    UrlOption,
    changing,
    failing_in_words,
    opened,
    platform_url,
    settings_with,
)
from control_plane.cli.named_environments import environment_named
from control_plane.cli.publishing import write_private
from control_plane.management import gateway_logins


def print_adapter_settings(
    database: DatabaseOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The file to write, with mode 0600. Default: standard output."
        ),
    ] = None,
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file of --output if it exists.")
    ] = False,
    environment: EnvironmentOption = None,
    base_url: UrlOption = None,
) -> None:
    """Write the settings of an adapter.

    They contain new gateway credentials, because secrets are stored hashed: the secret of an
    existing gateway can't be written again. The existing credentials keep working;
    `gateway-credentials revoke` ends them one by one. The platform may be running.
    """
    with failing_in_words(), opened(settings := settings_with(database)) as services:
        url = platform_url(settings, base_url)

        def publish(credentials: Credentials) -> None:
            text = adapter_settings(credentials, url, output)
            if output is None:
                typer.echo(text, nl=False)
            else:
                write_private({output: text}, overwrite=overwrite)
                typer.echo(
                    f"the adapter's settings are in {output}, with the new gateway client id "
                    f"{credentials.gateway_client_id}"
                )

        with changing(services) as transaction:
            organization_id = transaction.organization_id
            place = environment_named(transaction.session, organization_id, environment)
            publish(gateway_logins.create(transaction, place, services.hasher))
