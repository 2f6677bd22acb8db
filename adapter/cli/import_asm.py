"""`policy-adapter import`: converts what other products keep in a cluster.

Exit codes of `import asm`: 0 if every object is converted, 1 if one is refused, 2 if the dump
cannot be read.
"""

from pathlib import Path
from typing import Annotated, Final

import typer
import yaml

from adapter.cli.common import fail
from adapter.errors import ConfigurationError
from adapter.settings.yaml_file import read_yaml_documents

_REFUSED: Final = 1
_STANDARD_INPUT: Final = Path("/dev/stdin")

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"max_content_width": 100},
    help="Convert objects of other products.",
)


@app.callback()
def group() -> None:
    """Convert objects of other products."""


@app.command()
def asm(
    dump: Annotated[
        Path,
        typer.Argument(
            help="YAML or JSON with ServiceInstances and ServiceBindings, as kubectl get -o yaml "
            "prints them. - reads standard input.",
            allow_dash=True,
        ),
    ] = Path("-"),
) -> None:
    """Print ApiBindings for what Anypoint Service Mesh bound.

    Standard error has a line for each object: exact, approximated or refused, and why. No
    credentials are printed. Exit code: 0 if no object is refused, 1 if one is, 2 if the dump cannot
    be read.
    """
    from adapter.anypoint_service_mesh import convert, report  # noqa: PLC0415 - slow to import

    source = _STANDARD_INPUT if dump == Path("-") else dump
    try:
        items = convert(read_yaml_documents(source, "dump"))
    except ConfigurationError as e:
        fail(e)
    if not items:
        fail(ConfigurationError(f"the dump {source} has no objects"))
    objects = [item.binding for item in items if item.binding is not None]
    typer.echo(yaml.safe_dump_all(objects, sort_keys=False), nl=False)
    typer.echo(report(items), err=True)
    if any(item.status == "refused" for item in items):
        raise typer.Exit(_REFUSED)
