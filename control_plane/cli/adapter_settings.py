"""`policy-control-plane adapter-settings`: writes the settings file of one more adapter."""

from pathlib import Path
from typing import Annotated

import typer

from control_plane.accounts.adapter_settings import adapter_settings
from control_plane.accounts.credentials import Credentials
from control_plane.accounts.renewal import add_gateway
from control_plane.cli.common import (
    DEFAULT_URL,
    DatabaseOption,
    checked_url,
    failing_in_words,
    opened,
    settings_with,
)
from control_plane.cli.publishing import write_private


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
    environment: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The environment of the adapter. Needed if there are several."
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The address at which the adapter reaches the platform. Default: "
            "POLICY_CONTROL_PLANE_PUBLIC_URL, or http://127.0.0.1:8085.",
        ),
    ] = None,
) -> None:
    """Write the settings of an adapter.

    They contain new gateway credentials, because secrets are stored hashed: the secret of an
    existing gateway can't be written again. The existing credentials keep working;
    `reset-credentials --gateway` ends them. The platform may be running.
    """
    with failing_in_words(), opened(settings := settings_with(database)) as services:
        url = checked_url(base_url or str(settings.public_url or DEFAULT_URL))

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

        now = services.clock.now()
        add_gateway(services.database, services.hasher, publish, now, environment)
