"""`policy-control-plane reset-credentials`: replaces lost or leaked credentials."""

from typing import Annotated

import typer

from control_plane.accounts.credentials import Holder
from control_plane.accounts.renewal import reset
from control_plane.cli.common import (
    CredentialsOption,
    DatabaseOption,
    failing_in_words,
    opened,
    settings_with,
)
from control_plane.cli.publishing import publisher


def reset_credentials(
    database: DatabaseOption = None,
    *,
    admin: Annotated[
        bool, typer.Option("--admin", help="Replace the admin's password only.")
    ] = False,
    gateway: Annotated[
        bool, typer.Option("--gateway", help="Replace the gateways' client id and secret only.")
    ] = False,
    credentials_file: CredentialsOption = None,
) -> None:
    """Replace lost or leaked credentials.

    Without --admin and --gateway, both are replaced. The old credentials and their access tokens
    stop working at once. One new gateway takes the place of all old ones, so give its client id
    and secret to all adapters. The platform may be running.
    """
    wanted = {Holder.ADMIN: admin, Holder.GATEWAY: gateway}
    chosen = [holder for holder in Holder if wanted[holder]] or [*Holder]
    with failing_in_words(), opened(settings_with(database)) as services:
        publish = publisher(None, credentials_file=credentials_file)
        reset(services.database, services.hasher, publish, services.clock.now(), chosen)
