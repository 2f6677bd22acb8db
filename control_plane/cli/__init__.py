"""The command `policy-control-plane`, with one module per subcommand.

Exit codes: 0 for success; 2 if the command could not do what was asked. Standard error says why.
`diff` and `import` have 1, too.
"""

import typer

from control_plane.cli import (
    adapter_settings,
    backup,
    connected_apps,
    copy_database,
    environment_files,
    gateway_credentials,
    import_command,
    login,
    rebuild_rollups,
    reset_credentials,
    serve,
    version,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # As in policy-adapter: Rich would read brackets in a help text as markup.
    rich_markup_mode=None,
    context_settings={"max_content_width": 100},
    help="An API management platform: API instances, policies, client applications, contracts "
    "and analytics, over HTTP.",
)
app.callback()(version.options)
app.command()(serve.serve)
app.command()(login.login)
app.command("adapter-settings")(adapter_settings.print_adapter_settings)
app.command()(environment_files.export)
app.command()(environment_files.diff)
app.command()(environment_files.apply)
app.command("import")(import_command.import_environment)
app.command()(reset_credentials.reset_credentials)
app.add_typer(connected_apps.commands, name="connected-apps")
app.add_typer(gateway_credentials.commands, name="gateway-credentials")
app.command()(backup.backup)
app.command("copy-database")(copy_database.copy_database)
app.command()(rebuild_rollups.rebuild_rollups)


def main() -> None:
    """The entry point."""
    app()
