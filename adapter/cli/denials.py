"""`policy-adapter denials`: the last requests that a running adapter refused, and why."""

import json
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from adapter.cli.common import ConfigOption, at_least, fail, settings_of
from adapter.cli.running_adapter import InspectionOption, ask, inspection_address
from adapter.errors import ConfigurationError


def denials(
    config: ConfigOption = None,
    api: Annotated[str | None, typer.Option(help="Only this API: its id or name.")] = None,
    client: Annotated[
        str | None, typer.Option(help="Only this client application: its id or name.")
    ] = None,
    decision_id: Annotated[
        str | None,
        typer.Option("--id", help="Only this denial: the id in x-adapter-decision-id."),
    ] = None,
    limit: Annotated[int, typer.Option(callback=at_least(1), help="How many to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    inspection: InspectionOption = None,
) -> None:
    """Show the last requests that the running adapter refused, newest first, and why."""
    asked = {"api": api, "client": client, "id": decision_id, "limit": limit}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    try:
        found = ask(inspection or inspection_address(settings_of(config)), f"/denials?{query}")
    except ConfigurationError as e:
        fail(e)
    typer.echo(json.dumps(found, indent=2) if as_json else _text(found))


def _text(found: dict[str, Any]) -> str:
    items = found["items"]
    if not items:
        return (
            f"no such denial among the last {found['kept']:,}; {found['total']:,} since the start"
        )
    return "\n\n".join(map(_block, items))


def _block(item: dict[str, Any]) -> str:
    """A denial as a few lines, because a detail is too long for a column."""
    api = f"API {item['api_id'] or 'unknown'} {item['api_name']}".strip()
    lines = [
        f"{item['time']}  {item['status']} {item['reason']}  {item['method']} {item['path']}  {api}"
    ]
    facts = {
        "detail": item["detail"],
        "policy": f"{item['policy_type']} ({item['policy_id']})" if item["policy_type"] else "",
        "client": " ".join(filter(None, (item["client_id"], item["client_name"]))),
        "address": item["address"],
        "revision": str(item["revision"]),
        "id": item["id"],
    }
    lines += [f"  {name:9} {value}" for name, value in facts.items() if value]
    return "\n".join(lines)
