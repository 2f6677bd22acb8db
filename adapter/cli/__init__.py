"""The command `policy-adapter`, with one module per subcommand.

Exit codes: 0 for success; 1 if what was checked has mistakes; 2 if the settings or arguments cannot
be used. Standard error says why.
"""

import typer

from adapter.cli import (
    check_config,
    check_policy,
    controller,
    denials,
    doctor,
    envoy_config,
    explain,
    import_asm,
    policy_schemas,
    serve,
    spool,
    version,
    worker,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Rich would read [@DOMAIN] in a help text as markup, and leave it out.
    rich_markup_mode=None,
    context_settings={"max_content_width": 100},
    help="API management on any Envoy.",
)
app.callback()(version.options)
app.command()(serve.serve)
app.command(hidden=True)(worker.worker)
app.command()(check_config.check_config)
app.command()(check_policy.check_policy)
app.command("policy-schemas")(policy_schemas.print_policy_schemas)
app.command()(envoy_config.envoy_config)
app.command()(denials.denials)
app.command()(explain.explain)
app.command()(doctor.doctor)
app.command()(controller.controller)
app.add_typer(import_asm.app, name="import")
app.add_typer(spool.app, name="spool")


def main() -> None:
    """The entry point."""
    app()
