"""`envoy-config --for MESH`: reads the mesh plan, and writes what an operator applies."""

from collections.abc import Iterator
from pathlib import Path

import typer
from pydantic import ValidationError

from adapter.cli.envoy_output import given
from adapter.cli.replaced_files import replace_file, replace_files
from adapter.envoy_config.mesh import (
    FILES,
    Document,
    Mesh,
    MeshConfig,
    MeshPlan,
    render_mesh,
    text_of,
)
from adapter.envoy_config.resource_files import MARK
from adapter.errors import ConfigurationError
from adapter.ext_authz.check.request import ADDRESS_HEADER
from adapter.settings import Settings
from adapter.settings.faults import fault_of
from adapter.settings.yaml_file import read_yaml_mapping

_OPTIONS = frozenset({"mesh", "plan", "config", "output", "output_dir"})
"""The options that have an effect for a mesh; `mesh` is --for."""


def emit_mesh(context: typer.Context, settings: Settings, mesh: Mesh, plan: Path | None) -> None:
    """Write the documents to the file, to the directory, or to standard output."""
    if faults := list(_option_faults(context, mesh, plan)):
        raise ConfigurationError("\n".join(faults))
    token = settings.listener.token
    documents = render_mesh(
        MeshConfig(
            mesh=mesh,
            plan=read_plan(plan or Path()),
            header_prefix=settings.requests.identity_header_prefix,
            client_address_header=settings.requests.client_address_header or ADDRESS_HEADER,
            token=token.get_secret_value() if token else None,
            serves_tls=settings.listener.tls_certificate_file is not None,
        )
    )
    _write(documents, context.params["output"], context.params["output_dir"])


def read_plan(file: Path) -> MeshPlan:
    """The plan in this file. Raises ConfigurationError with all errors."""
    try:
        return MeshPlan.model_validate(read_yaml_mapping(file, "mesh plan", "envoys"))
    except ValidationError as e:
        faults = [fault_of(MeshPlan, fault) for fault in e.errors(include_url=False)]
        raise ConfigurationError(f"mesh plan {file}:\n" + "\n".join(faults)) from None


def _option_faults(context: typer.Context, mesh: Mesh, plan: Path | None) -> Iterator[str]:
    if plan is None:
        yield f"--plan: is missing; --for {mesh} reads the APIs from this file"
    if given(context, "output") and given(context, "output_dir"):
        yield "--output-dir: cannot be used together with --output"
    for name in sorted(context.params.keys() - _OPTIONS):
        if given(context, name):
            yield f"--{name.replace('_', '-')}: has no effect with --for {mesh}; leave it out"


def _write(documents: list[Document], file: Path | None, directory: Path | None) -> None:
    if directory is not None:
        texts = {name: _file_text(documents, name) for name in FILES}
        changed = replace_files(
            directory.absolute(), [name for name in FILES if texts[name]], MARK, lambda _: texts
        )
        typer.echo(f"written to {directory}: {', '.join(changed) or 'nothing changed'}")
    elif file is not None:
        replace_file(file, MARK + text_of(documents), (MARK,))
    else:
        typer.echo(text_of(documents), nl=False)


def _file_text(documents: list[Document], name: str) -> str:
    """The text of one file; empty if no document belongs there."""
    text = text_of(d for d in documents if d.file == name)
    return MARK + text if text else ""
