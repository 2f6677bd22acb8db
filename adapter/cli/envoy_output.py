"""Where `envoy-config` writes to, and which options fit together."""

from collections.abc import Iterator
from pathlib import Path

import typer

from adapter.cli.api_option import FORM
from adapter.cli.replaced_files import replace_file, replace_files
from adapter.envoy_config import EnvoyConfig, render, render_fragments, resource_files

_NOT_IN_FRAGMENTS = ("listen", "admin", "upstream_ca_file", "rewrite_host")
"""Options about parts of Envoy that --fragment does not print."""


_STREAMS = {"-": "/dev/stdout", "stdout": "/dev/stdout", "stderr": "/dev/stderr"}
"""What people write for the standard streams, and how Envoy finds them."""


def option_faults(context: typer.Context, envoy: EnvoyConfig) -> Iterator[str]:
    """Options that have no effect beside the others. Nobody should believe that they have one."""
    fragment = context.params["fragment"]
    for name in _NOT_IN_FRAGMENTS:
        if fragment and given(context, name):
            yield f"--{name.replace('_', '-')}: has no effect on fragments; leave it out"
    if not context.params["api"]:
        yield f"--api: is missing; name at least one API, as in {FORM}"
    if given(context, "plan"):
        yield "--plan: has no effect without --for istio, envoy-gateway or gateway-api"
    tls = any(route.tls for route in envoy.apis)
    if not fragment and not tls and given(context, "upstream_ca_file"):
        yield "--upstream-ca-file: no service has https:// or grpcs://; leave it out"
    if envoy.access_log in _STREAMS:
        yield f"--access-log: write {_STREAMS[envoy.access_log]}; {envoy.access_log} is a file"
    if given(context, "output_dir") and (fragment or given(context, "output")):
        yield "--output-dir: cannot be used together with --fragment or --output"


def emit(envoy: EnvoyConfig, *, fragment: bool, file: Path | None, directory: Path | None) -> None:
    """Write the configuration to the file, to the directory, or to standard output."""
    if directory is not None:
        _write_directory(envoy, directory.absolute())
        return
    text = render_fragments(envoy) if fragment else render(envoy)
    if file is None:
        typer.echo(text, nl=False)
    else:
        beginning = "".join(text.splitlines(keepends=True)[:2])  # of files without the mark
        replace_file(file, resource_files.MARK + text, (resource_files.MARK, beginning))


def _write_directory(envoy: EnvoyConfig, directory: Path) -> None:
    changed = replace_files(
        directory,
        resource_files.FILES,
        resource_files.MARK,
        lambda before: resource_files.render_files(envoy, directory, before),
    )
    typer.echo(f"written to {directory}: {', '.join(changed)}" if changed else "nothing changed")
    if resource_files.BOOTSTRAP in changed:
        typer.echo(f"start Envoy, or restart it: envoy -c {directory / resource_files.BOOTSTRAP}")


def given(context: typer.Context, name: str) -> bool:
    """Whether somebody typed this option."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
