"""Connected apps of a control plane that runs, made with its own command."""

import json
from typing import Any

from typer.testing import CliRunner

from control_plane.cli import app as command_line
from tests.rig.control_plane import RunningControlPlane


def connected_app(platform: RunningControlPlane, name: str, *, role: str) -> dict[str, Any]:
    """A new one with that role in all environments: the credentials that the command writes."""
    file = platform.database.with_name(f"{name}.json")
    command = ["connected-apps", "create", name, "--role", role]
    options = ["--database", str(platform.database), "--credentials-file", str(file)]
    made = CliRunner().invoke(command_line, [*command, *options])
    assert made.exit_code == 0, made.output
    credentials: dict[str, Any] = json.loads(file.read_text())
    return credentials
