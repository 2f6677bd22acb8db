"""`policy-control-plane export`, `diff` and `apply`: environments as files.

    policy-control-plane export --credentials-file admin.json --output environment.yaml
    policy-control-plane diff environment.yaml --credentials-file admin.json
    policy-control-plane apply -f environment.yaml --credentials-file admin.json

They talk to a running platform over its API. See docs/environment-file.md.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from control_plane.cli.common import fail, failing_in_words
from control_plane.cli.file_mistakes import Mistake, MistakenFileError
from control_plane.cli.publishing import write_private
from control_plane.cli.references import References, escaped
from control_plane.cli.remote_environment import (
    TOKEN_VARIABLE,
    RefusedDocumentError,
    RemoteEnvironment,
    remote_environment,
)
from control_plane.cli.shown_changes import show_changes
from control_plane.cli.text_file import read_text
from control_plane.cli.yaml_document import YamlDocument, read_yaml, write_yaml
from control_plane.errors import ControlPlaneError
from control_plane.json_client import Answer

_DIFFERS: Final = 1
_MAX_BYTES: Final = 8 << 20

UrlOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The address of the platform. Default: from the credentials file, or "
        "http://127.0.0.1:8085.",
    ),
]
CredentialsFileOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The file that `serve` or `connected-apps create` has written with "
        f"--credentials-file. Default: the personal token in {TOKEN_VARIABLE}, or the password of "
        "admin, which the command asks for.",
    ),
]
EnvironmentOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The environment. Needed if there are several."),
]
PruneOption = Annotated[
    bool,
    typer.Option(
        "--prune",
        help="Delete API instances, policies, tiers, contracts and automated policies that are "
        "not in the file.",
    ),
]
AllowUnknownOption = Annotated[
    bool,
    typer.Option(
        "--allow-unknown", help="Accept policies of types that are not known, without a check."
    ),
]


def export(
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file to write. Default: standard output."),
    ] = None,
    *,
    url: UrlOption = None,
    credentials_file: CredentialsFileOption = None,
    environment: EnvironmentOption = None,
    without_ids: Annotated[
        bool, typer.Option("--without-ids", help="For another environment: leave out the ids.")
    ] = False,
    with_secrets: Annotated[
        bool,
        typer.Option(
            "--with-secrets",
            help="Write the secrets of policies in clear, in place of ***. Needs --output.",
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file of --output if it exists.")
    ] = False,
) -> None:
    """Write an environment as a file.

    The secrets of applications are stored hashed, so they are never in it. The file has mode 0600.
    """
    with failing_in_words():
        if with_secrets and output is None:
            raise ControlPlaneError("--with-secrets needs --output, so that no terminal shows them")
        with remote_environment(url, credentials_file, environment) as remote:
            exported = remote.export(withIds=not without_ids, withSecrets=with_secrets)
        text = f"# Environment: {remote.name}\n{write_yaml(escaped(exported.document))}"
        if output is None:
            typer.echo(text, nl=False)
        else:
            write_private({output: text}, overwrite=overwrite)


def diff(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The environment file.")],
    *,
    url: UrlOption = None,
    credentials_file: CredentialsFileOption = None,
    environment: EnvironmentOption = None,
    prune: PruneOption = False,
    allow_unknown: AllowUnknownOption = False,
) -> None:
    """Show what `apply` would change, and change nothing.

    Each change is a line that begins with + (new), ~ (changed) or - (deleted). The exit code is 0
    if nothing would change, 1 if something would, and 2 for an error.
    """
    with failing_in_words():
        given = _read(file)
        with remote_environment(url, credentials_file, environment) as remote, _named(file, given):
            found = remote.diff(given.value, prune=prune, allowUnknown=allow_unknown)
        show_changes(found.document)
    raise typer.Exit(_DIFFERS if found.document["changes"] else 0)


def apply(
    file: Annotated[
        Path, typer.Option("--file", "-f", metavar="FILE", help="The environment file.")
    ],
    *,
    url: UrlOption = None,
    credentials_file: CredentialsFileOption = None,
    environment: EnvironmentOption = None,
    prune: PruneOption = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete with --prune without a question.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Let the platform make all changes, and take them back."),
    ] = False,
    allow_unknown: AllowUnknownOption = False,
) -> None:
    """Change an environment to match a file.

    Everything is changed, or nothing if something is wrong. The changes are shown first, as by
    `diff`. If somebody changes the configuration between that and the apply, nothing is applied.
    """
    with failing_in_words():
        given = _read(file)
        options = {"prune": prune, "allowUnknown": allow_unknown}
        with remote_environment(url, credentials_file, environment) as remote, _named(file, given):
            found = remote.diff(given.value, **options)
            show_changes(found.document)
            if not found.document["changes"]:
                return
            if not (yes or dry_run):
                _ask_before_deleting(found, remote)
            remote.apply(given.value, found.etag, dryRun=dry_run, **options)
        typer.echo("dry run: nothing was changed" if dry_run else "applied")


def _read(file: Path) -> YamlDocument:
    """The document of the file without references; raise MistakenFileError."""
    found = read_yaml(str(file), read_text(file, _MAX_BYTES))
    if not isinstance(found.value, dict):
        raise ControlPlaneError(f"{file}: must be an object with version, apis and so on")
    references = References(file.parent)
    value = references.replaced(found.value)
    if references.mistakes:
        raise _mistaken(file, found, references.mistakes)
    return YamlDocument(value, found.lines)


@contextmanager
def _named(file: Path, given: YamlDocument) -> Iterator[None]:
    """Name file and line of what the platform refuses."""
    try:
        yield
    except RefusedDocumentError as error:
        raise _mistaken(file, given, error.mistakes) from error


def _mistaken(file: Path, given: YamlDocument, mistakes: Sequence[Mistake]) -> MistakenFileError:
    placed = [mistake._replace(line=given.line_of(mistake.path)) for mistake in mistakes]
    return MistakenFileError(str(file), sorted(placed, key=lambda each: each.line or 0))


def _ask_before_deleting(found: Answer, remote: RemoteEnvironment) -> None:
    number = sum(change["action"] == "delete" for change in found.document["changes"])
    if not number:
        return
    try:
        wanted = typer.confirm(f"Delete {number} things in {remote.name}?")
    except typer.Abort:
        wanted = False
    if not wanted:
        fail("nothing was changed; --yes deletes without a question")
