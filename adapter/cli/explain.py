"""`policy-adapter explain`: which policies apply to a request, and what each says."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from adapter.cli.common import ConfigOption, fail, settings_of
from adapter.cli.running_adapter import InspectionOption, ask, inspection_address
from adapter.errors import AdapterError, ConfigurationError
from adapter.settings import Settings

if TYPE_CHECKING:
    from adapter.authorization.explainer import Explainer

_STANDARD_INPUT = "@-"
_PEM = "-----BEGIN CERTIFICATE-----"


def explain(
    method: Annotated[str, typer.Argument(help="Such as GET.")],
    path: Annotated[
        str, typer.Argument(help="The path as Envoy forwards it, with the route's prefix.")
    ],
    api: Annotated[str, typer.Option(help="The id of the API instance.")],
    config: ConfigOption = None,
    header: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: VALUE'",
            help="A request header. @FILE reads headers from a file, @- from standard input, so "
            "that secrets are in no history. Repeatable.",
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="The request's host.")] = None,
    source: Annotated[str | None, typer.Option(help="The client's IP address.")] = None,
    principal: Annotated[
        str | None, typer.Option(help="The principal of the client's certificate.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="PEM file of the client's certificate.")
    ] = None,
    chosen_by_path: Annotated[
        bool, typer.Option("--chosen-by-path", help="The route says api_chosen_by: path.")
    ] = False,
    chosen_by_host: Annotated[
        bool, typer.Option("--chosen-by-host", help="The route says api_chosen_by_host: true.")
    ] = False,
    disk_copy: Annotated[
        Path | None,
        typer.Option(
            metavar="DIRECTORY", help="Use the disk copy in this directory, not a running adapter."
        ),
    ] = None,
    environment_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Use this environment file, not a running adapter."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    inspection: InspectionOption = None,
) -> None:
    """Explain what would happen to a request, and why. Nothing is sent, charged or asked."""
    optional = {"host": host, "source": source, "principal": principal}
    try:
        body = {
            "api": api,
            "method": _checked(method),
            "path": path,
            "headers": _headers(header or []),
            "chosen_by_path": chosen_by_path,
            "chosen_by_host": chosen_by_host,
            **{name: value for name, value in optional.items() if value is not None},
            **({"certificate": _encoded(certificate)} if certificate else {}),
        }
        if disk_copy is None and environment_file is None:
            found = ask(inspection or inspection_address(settings_of(config)), "/explain", body)
        else:
            # Only here, because these imports take time.
            from adapter.operations.explain import explained  # noqa: PLC0415

            explainer = _explainer(settings_of(config), disk_copy, environment_file)
            found = explained(explainer, json.dumps(body).encode())
    except AdapterError as e:
        fail(e if isinstance(e, ConfigurationError) else ConfigurationError(str(e)))
    typer.echo(json.dumps(found, indent=2) if as_json else _text(found, method, path))


def _explainer(settings: Settings, copy: Path | None, file: Path | None) -> "Explainer":
    from adapter.app.explaining import file_explainer, stored_explainer  # noqa: PLC0415 - slow

    if file is None and copy is not None:
        return stored_explainer(settings, copy)
    if file is not None and copy is None:
        return file_explainer(settings, file)
    raise ConfigurationError("give either --disk-copy or --environment-file")


def _headers(given: list[str]) -> dict[str, str]:
    """The headers by lower-case name; repeated ones are joined, as Envoy does."""
    headers: dict[str, str] = {}
    for line in (line for text in given for line in _lines(text)):
        name, colon, value = line.partition(":")
        if not (colon and name.strip()):
            # The line may be a secret, so the message does not repeat it.
            raise ConfigurationError("--header: a header has no name; write 'NAME: VALUE'")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _lines(text: str) -> list[str]:
    if not text.startswith("@"):
        return [text]
    if text == _STANDARD_INPUT:
        content = typer.get_text_stream("stdin").read()
    else:
        content = _read(Path(text[1:]))
    return [line for line in content.splitlines() if line.strip()]


def _checked(method: str) -> str:
    if method != method.upper():
        raise ConfigurationError(
            f"{method!r} is another method than {method.upper()}, because HTTP compares letter "
            f"case; write {method.upper()}"
        )
    return method


def _encoded(certificate: Path) -> str:
    text = _read(certificate)
    if not text.lstrip().startswith(_PEM):
        raise ConfigurationError(f"--certificate {certificate}: does not begin with {_PEM}")
    return quote(text, safe="")


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as e:
        raise ConfigurationError(f"cannot read {file}: {e.strerror}") from e
    except ValueError as e:
        raise ConfigurationError(f"cannot read {file}: it is not UTF-8 text") from e


def _text(found: dict[str, Any], method: str, path: str) -> str:
    lines = [
        f"{method} {path} at API {found['api_id']} {found['api_name']}".rstrip()
        + f": {_outcome(found)}"
    ]
    lines += [f"  {found['detail']}"] if found["detail"] else []
    if found["depends"]:
        lines.append("  This assumes that the policies that say 'depends' accept the request.")
    for number, policy in enumerate(found["policies"], 1):
        automated = ", automated" if policy["automated"] else ""
        name = f"{policy['policy_type']} ({policy['policy_id']}{automated})"
        lines += ["", f"{number}. {name}: {_said(policy)}"]
        lines += [f"   {note}" for note in _notes(policy)]
    return "\n".join(lines)


def _outcome(found: dict[str, Any]) -> str:
    if found["decision"] != "denied":
        return str(found["decision"])
    return f"denied, {found['status']} {found['reason']}"


def _said(policy: dict[str, Any]) -> str:
    explained: dict[str, str] = {
        "skipped": "skipped, no pointcut matches or an automated policy applies instead",
        "not_reached": "not reached",
        "denied": f"denied, {policy['status']} {policy['reason']}",
    }
    return explained.get(policy["said"], str(policy["said"]))


def _notes(policy: dict[str, Any]) -> list[str]:
    pointcut = policy["pointcut"]
    where = (
        [f"pointcut {pointcut['methodRegex']} {pointcut['uriTemplateRegex']}"] if pointcut else []
    )
    return [*where, *([policy["detail"]] if policy["detail"] else []), *policy["notes"]]
