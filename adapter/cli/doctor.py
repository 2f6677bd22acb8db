"""`policy-adapter doctor`: says what is wrong or risky in an Envoy that asks the adapter.

Exit codes: 0 if there is no error, 1 if there is one (with --strict, also for warnings), 2 if Envoy
or the settings cannot be read.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli.common import ConfigOption, fail, settings_of
from adapter.errors import ConfigurationError

if TYPE_CHECKING:
    from adapter.doctor import Envoy, Finding

_FOUND = 1


def doctor(
    envoy: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Admin interface of a running Envoy, as in http://127.0.0.1:9901."
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Envoy's bootstrap file (YAML or JSON), or a saved /config_dump."),
    ] = None,
    config: ConfigOption = None,
    inspection: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Inspection listener of a running adapter, to compare the ids of APIs with. "
            "Default: the disk copy of --config.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="A code that is right as it is here. Repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing if all is well.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 for warnings, too.")
    ] = False,
) -> None:
    """Say what is wrong or risky in an Envoy that asks the adapter, with the fix for each.

    Give either --envoy or --file. With --config, Envoy is also compared with the adapter's
    settings. Exit code: 0 without errors, 1 with errors, 2 if something cannot be read.
    """
    from adapter import doctor as examining  # noqa: PLC0415 - other commands do not need it
    from adapter.cli.known_adapter import known_adapter  # noqa: PLC0415

    settings = settings_of(config) if config is not None else None
    try:
        adapter = known_adapter(settings, inspection)
        findings = examining.examine(_read(envoy, file), adapter)
        examining.refuse_unknown_codes(ignore or [])
    except ConfigurationError as e:
        fail(e)
    findings = [finding for finding in findings if finding.code not in (ignore or [])]
    bad = [f for f in findings if _fails(f, strict=strict)]
    if as_json:
        typer.echo(examining.as_json(findings), nl=False)
    elif bad or not quiet:
        typer.echo(examining.as_text(findings), nl=False)
    raise typer.Exit(_FOUND if bad else 0)


def _read(envoy: str | None, file: Path | None) -> "Envoy":
    from adapter.doctor import read_admin, read_file  # noqa: PLC0415

    if envoy is not None and file is None:
        return read_admin(envoy)
    if file is not None and envoy is None:
        return read_file(file)
    raise ConfigurationError("give either --envoy http://127.0.0.1:9901 or --file envoy.yaml")


def _fails(finding: "Finding", *, strict: bool) -> bool:
    failing = {"error", "warning"} if strict else {"error"}
    return finding.severity.value in failing
