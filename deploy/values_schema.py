"""Puts what follows from the programs' settings into the `values.schema.json` of a chart.

The rest of such a file is written by hand. The derived parts are its `definitions`: settings,
which settings may come from a Secret, and `extraEnv`, in which a variable of a secret setting must
refer to a Secret, too.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from adapter.settings.environment import variable
from control_plane.settings import ENV_PREFIX
from deploy.settings_schema import (
    adapter_schema,
    control_plane_schema,
    controller_schema,
    secret_settings,
)

CHARTS: Final = Path(__file__).parent / "helm"
_CLIENT_ID: Final = "platform.client_id"
"""Not a secret, but it comes from the same place."""


def schema_texts() -> Mapping[Path, str]:
    """The texts of both files."""
    definitions = {"policy-adapter": _adapter(), "policy-control-plane": _control_plane()}
    return dict(_with_definitions(chart, each) for chart, each in definitions.items())


def _with_definitions(chart: str, definitions: Mapping[str, Any]) -> tuple[Path, str]:
    file = CHARTS / chart / "values.schema.json"
    whole = json.loads(file.read_text()) | {"definitions": definitions}
    return file, json.dumps(whole, indent=2) + "\n"


def _adapter() -> Mapping[str, Any]:
    settings, controller = adapter_schema(), controller_schema()
    secrets = secret_settings(settings)
    return {
        "settings": settings,
        "secretKeys": _keys([*secrets, _CLIENT_ID]),
        "controllerSettings": controller,
        "controllerSecretKeys": _keys([*secret_settings(controller), _CLIENT_ID]),
        "extraEnv": _variables(map(variable, secrets)),
    }


def _control_plane() -> Mapping[str, Any]:
    settings = control_plane_schema()
    secrets = secret_settings(settings)
    return {
        "settings": settings,
        "secretKeys": _keys(secrets),
        "extraEnv": _variables(ENV_PREFIX + name.upper() for name in secrets),
    }


def _keys(settings: Iterable[str]) -> dict[str, Any]:
    """A key of a Secret for each of these settings."""
    key = {"type": "string", "pattern": "^[-._a-zA-Z0-9]+$"}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(sorted(settings), key),
    }


def _variables(secret: Iterable[str]) -> dict[str, Any]:
    """Variables of a container, of which these must have `valueFrom`."""
    return {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["name"],
            "if": {"properties": {"name": {"enum": sorted(secret)}}},
            "then": {"required": ["valueFrom"]},
        },
    }
