"""The help of each command says all that its author wrote."""

from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from adapter.cli import app


def commands() -> dict[str, Any]:
    """All commands by name, such as `spool list`; the program itself is ``."""
    found = {"": get_command(app)}
    groups = [("", found[""])]
    while groups:
        prefix, group = groups.pop()
        assert isinstance(group, TyperGroup)
        named = {f"{prefix}{name}": command for name, command in group.commands.items()}
        found |= named
        groups += [(f"{name} ", c) for name, c in named.items() if isinstance(c, TyperGroup)]
    return found


@pytest.mark.parametrize("name", commands())
def test_no_word_is_swallowed(name: str) -> None:
    """Such as `[@DOMAIN]`, which a renderer of markup would leave out."""
    result = CliRunner().invoke(app, [*name.split(), "--help"])
    assert result.exit_code == 0
    shown = "".join(result.stdout.split())
    command = commands()[name]
    for text in (command.help, *(getattr(option, "help", None) for option in command.params)):
        assert "".join((text or "").split()) in shown
