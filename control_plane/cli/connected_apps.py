"""`policy-control-plane connected-apps`: client credentials with the roles of an admin.

Programs such as Terraform, the vendor's CLI and scripts log in with them:

    policy-control-plane connected-apps create terraform --role api-admin@Sandbox
"""

from datetime import timedelta
from typing import Annotated

import typer

from control_plane.cli.common import (
    CredentialsOption,
    DatabaseOption,
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
from control_plane.cli.named_environments import environments, roles_in_words, roles_named
from control_plane.cli.publishing import publisher
from control_plane.management import connected_apps
from control_plane.management.users import roles_of

commands = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make, list and revoke connected apps. Each is a program with client credentials and "
    "roles like a user's.",
)


@commands.command()
def create(
    name: Annotated[str, typer.Argument(help="What the audit log calls it, such as terraform.")],
    role: Annotated[
        list[str],
        typer.Option(
            metavar="ROLE[@ENVIRONMENT]",
            help="viewer, operator, api-admin or owner; in all environments, or in the one whose "
            "name follows the @. Give the option once for each environment.",
        ),
    ],
    database: DatabaseOption = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=3650, help="The secret ends after so many days. Default: never."),
    ] = None,
    credentials_file: CredentialsOption = None,
    url: UrlOption = None,
) -> None:
    """Make a connected app. Its secret is shown once and stored hashed.

    The platform may be running.
    """
    lifetime = None if days is None else timedelta(days=days)
    with failing_in_words(), opened(settings := settings_with(database)) as services:
        publish = publisher(platform_url(settings, url), credentials_file=credentials_file)
        with changing(services) as transaction:
            roles = roles_named(transaction.session, transaction.organization_id, role)
            publish(connected_apps.create(transaction, services.hasher, name, roles, lifetime))


@commands.command("list")
def show_all(database: DatabaseOption = None) -> None:
    """List the connected apps by name, without their secrets. Times are in UTC."""
    with failing_in_words(), opened(settings_with(database)) as services:
        with services.database.read() as session:
            organization_id = the_organization(session)
            names = {each.id: each.name for each in environments(session, organization_id)}
            rows = session.scalars(connected_apps.of_organization(organization_id)).all()
        print_table(
            ("name", "client id", "roles", "created", "last login", "ends"),
            [
                (
                    *(row.name, row.client_id, roles_in_words(roles_of(row), names)),
                    *(when(row.created_at), when(row.used_at), when(row.expires_at)),
                )
                for row in rows
            ],
        )


@commands.command()
def revoke(
    app: Annotated[str, typer.Argument(help="The name or the client id, as `list` shows them.")],
    database: DatabaseOption = None,
) -> None:
    """End a connected app and its tokens at once. The platform may be running."""
    with failing_in_words(), opened(settings_with(database)) as services:
        with changing(services) as transaction:
            session, organization_id = transaction.session, transaction.organization_id
            found = connected_apps.find(session, organization_id, app)
            name = found.name
            connected_apps.revoke(transaction, found)
        typer.echo(f"the connected app {name} is revoked")
