"""Changes of an environment as the commands show them: a line for each."""

import json
from collections.abc import Mapping
from typing import Any, Final

import typer

_MAX_SHOWN: Final = 80
_SIGNS: Final = {"create": "+", "change": "~", "reorder": "~", "delete": "-"}


def show_changes(found: Mapping[str, Any]) -> None:
    """Print a line for each change, the warnings, and how many changes there are."""
    changes = found["changes"]
    for change in changes:
        typer.echo(_line(change))
    for warning in found["warnings"]:
        typer.echo(f"warning: {warning}", err=True)
    number = {sign: sum(_SIGNS[each["action"]] == sign for each in changes) for sign in "+~-"}
    summary = f"{number['+']} to create, {number['~']} to change, {number['-']} to delete"
    typer.echo(summary if changes else "nothing to change")


def _line(change: Mapping[str, Any]) -> str:
    sign, thing = _SIGNS[change["action"]], change["thing"]
    members = (
        f"{each['name']}: {_shown(each['before'])} -> {_shown(each['after'])}"
        for each in change["members"]
    )
    return f"{sign} {thing}" + (f": {', '.join(members)}" if change["members"] else "")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
