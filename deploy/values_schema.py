"""Puts what follows from the programs' settings into the `values.schema.json` of a chart.

The rest of such a file is written by hand. The derived parts are its `definitions`: `settings`,
`secretKeys` (which settings may come from a Secret) and `extraEnv` (a variable of a secret setting
must refer to a Secret, too).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from adapter.settings.environment import variable
from control_plane.settings import ENV_PREFIX
from deploy.settings_schema import adapter_schema, control_plane_schema, secret_settings

CHARTS: Final = Path(__file__).parent / "helm"


def schema_texts() -> Mapping[Path, str]:
    """The texts of both files."""
    adapter, control_plane = adapter_schema(), control_plane_schema()
    secrets = {setting: variable(setting) for setting in secret_settings(adapter)}
    # Not a secret, but it comes from the same place.
    keys = [*secrets, "platform.client_id"]
    theirs = {name: ENV_PREFIX + name.upper() for name in secret_settings(control_plane)}
    return {
        _file("policy-adapter"): _text("policy-adapter", adapter, keys, secrets),
        _file("policy-control-plane"): _text(
            "policy-control-plane", control_plane, list(theirs), theirs
        ),
    }


def _file(chart: str) -> Path:
    return CHARTS / chart / "values.schema.json"


def _text(chart: str, settings: Any, keys: list[str], variables: Mapping[str, str]) -> str:
    whole = json.loads(_file(chart).read_text())
    whole["definitions"] = {
        "settings": settings,
        "secretKeys": {
            "type": "object",
            "additionalProperties": False,
            "properties": {key: {"type": "string", "minLength": 1} for key in sorted(keys)},
        },
        "extraEnv": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "if": {"properties": {"name": {"enum": sorted(variables.values())}}},
                "then": {"required": ["valueFrom"]},
            },
        },
    }
    return json.dumps(whole, indent=2) + "\n"
