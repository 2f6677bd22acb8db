"""`policy-control-plane gateway-credentials`: makes, lists and revokes those of single gateways.

To rotate the credentials of an adapter without an outage, create new ones, give them to the
adapter, look in the list whether the old ones are still used, and revoke them.
"""

from typing import Annotated

import typer

from control_plane.cli.common import (
    CredentialsOption,
    DatabaseOption,
    EnvironmentOption,
    UrlOption,
    changing,
    failing_in_words,
    opened,
    platform_url,
    print_table,
    settings_with,
    the_organization,
    when,
)
from control_plane.cli.named_environments import environment_named, environments
from control_plane.cli.publishing import publisher
from control_plane.management import gateway_logins

commands = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make, list and revoke gateway credentials.",
)


@commands.command()
def create(
    database: DatabaseOption = None,
    environment: EnvironmentOption = None,
    credentials_file: CredentialsOption = None,
    url: UrlOption = None,
) -> None:
    """Make credentials for one more gateway. The existing ones keep working.

    `adapter-settings` does the same and writes an adapter's settings. The platform may be running.
    """
    with failing_in_words(), opened(settings := settings_with(database)) as services:
        publish = publisher(platform_url(settings, url), credentials_file=credentials_file)
        with changing(services) as transaction:
            organization_id = transaction.organization_id
            place = environment_named(transaction.session, organization_id, environment)
            publish(gateway_logins.create(transaction, place, services.hasher))


@commands.command("list")
def show_all(database: DatabaseOption = None) -> None:
    """List the credentials of all gateways, from old to new, without their secrets.

    Times are in UTC. A gateway gets a new token at least once in the life of a token, which is an
    hour by default. So credentials without a login for longer are not in use.
    """
    with failing_in_words(), opened(settings_with(database)) as services:
        with services.database.read() as session:
            organization_id = the_organization(session)
            names = {each.id: each.name for each in environments(session, organization_id)}
            rows = session.scalars(gateway_logins.of_organization(organization_id)).all()
        print_table(
            ("client id", "environment", "created", "last login"),
            [
                (row.name, names[row.environment_id], when(row.created_at), when(row.used_at))
                for row in rows
            ],
        )


@commands.command()
def revoke(
    client_id: Annotated[str, typer.Argument(help="The client id, as `list` shows it.")],
    database: DatabaseOption = None,
) -> None:
    """End the credentials of one gateway and its tokens at once. The platform may be running.

    An adapter that still has them keeps the policies and contracts that it has loaded, and gets no
    changes until it has other credentials.
    """
    with failing_in_words(), opened(settings_with(database)) as services:
        with changing(services) as transaction:
            session, organization_id = transaction.session, transaction.organization_id
            login = gateway_logins.get(session, organization_id, client_id)
            gateway_logins.revoke(transaction, login)
        typer.echo(f"the gateway credentials {client_id} are revoked")
