"""`policy-control-plane import`: takes over what another platform has.

    policy-control-plane import --from apigee export/ --credentials-file admin.json --dry-run

It says what becomes of each thing, and applies the rest as `apply` does. See docs/import.md.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from control_plane.app import policy_checks
from control_plane.cli.common import failing_in_words, print_table
from control_plane.cli.environment_files import (
    CredentialsFileOption,
    EnvironmentOption,
    UrlOption,
)
from control_plane.cli.file_mistakes import MistakenFileError
from control_plane.cli.import_faults import import_faults
from control_plane.cli.import_sources import SourceKind, SourceOptions, read_source
from control_plane.cli.remote_environment import (
    RefusedDocumentError,
    RemoteEnvironment,
    remote_environment,
)
from control_plane.cli.shown_changes import show_changes
from control_plane.imports.plan import Plan, Status, make_plan

_SOMETHING_REFUSED: Final = 1


def import_environment(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            help="The exported files: YAML files or folders of Flex Gateway, the folder of an "
            "export from Apigee, or the inventory of anypoint-sdk.",
        ),
    ] = None,
    *,
    source_kind: Annotated[SourceKind, typer.Option("--from", help="What to import from.")],
    source_environment: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The environment of the source. Default: its only one."),
    ] = None,
    source_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Of Anypoint Platform. Default: https://anypoint.mulesoft.com."
        ),
    ] = None,
    source_credentials_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A JSON file with client_id and client_secret of a connected app of Anypoint.",
        ),
    ] = None,
    source_organization: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Of Anypoint. Default: that of the connected app."),
    ] = None,
    without_refused_policies: Annotated[
        bool,
        typer.Option(
            "--without-refused-policies",
            help="Import API instances without their refused policies. They may then be more "
            "open than they were.",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Let the platform make all changes, and take them back."),
    ] = False,
    url: UrlOption = None,
    credentials_file: CredentialsFileOption = None,
    environment: EnvironmentOption = None,
) -> None:
    """Import an environment of another platform.

    It is written into a running control plane. The first lines say what becomes of each thing:
    exact, approximated or refused. The rest is what `apply` shows. Nothing is deleted. The exit
    code is 1 if something was refused.
    """
    options = SourceOptions(
        paths or (), source_environment, source_url, source_credentials_file, source_organization
    )
    with failing_in_words():
        source = read_source(source_kind, options)
        plan = make_plan(
            source, import_faults(policy_checks()), allow_open=without_refused_policies
        )
        _show_findings(plan)
        with remote_environment(url, credentials_file, environment) as remote:
            _apply(remote, plan, dry_run=dry_run)
    raise typer.Exit(_SOMETHING_REFUSED if plan.refused else 0)


def _apply(remote: RemoteEnvironment, plan: Plan, *, dry_run: bool) -> None:
    try:
        found = remote.diff(plan.document)
        show_changes(found.document)
        if found.document["changes"]:
            remote.apply(plan.document, found.etag, dryRun=dry_run)
            typer.echo("dry run: nothing was changed" if dry_run else "imported")
    except RefusedDocumentError as error:
        raise MistakenFileError("the import", error.mistakes) from error


def _show_findings(plan: Plan) -> None:
    print_table(
        ("status", "kind", "name", "reason"),
        [
            (each.status, each.kind, _printable(each.name), _printable(each.reason))
            for each in plan.findings
        ],
    )
    number = {status: sum(each.status is status for each in plan.findings) for status in Status}
    typer.echo(", ".join(f"{count} {status}" for status, count in number.items()))


def _printable(text: str) -> str:
    """The text without characters that a terminal would obey."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
