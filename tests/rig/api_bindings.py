"""The custom resource ApiBinding: its definition, and what its schema says about an object."""

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from tests.rig.kubernetes_schemas import closed

DEFINITION_FILE = Path(__file__).parents[2] / "deploy" / "crds" / "apibindings.yaml"


@cache
def definition_and_roles() -> tuple[dict[str, Any], ...]:
    """The custom resource definition, and the roles beside it."""
    return tuple(yaml.safe_load_all(DEFINITION_FILE.read_text()))


@cache
def _validator() -> jsonschema.Draft202012Validator:
    (version,) = definition_and_roles()[0]["spec"]["versions"]
    schema = closed(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    return jsonschema.Draft202012Validator(schema)


def binding_faults(content: Any) -> list[str]:
    """What an API server would refuse in this ApiBinding, or drop; without the rules in CEL."""
    return [f"{e.json_path}: {e.message}" for e in _validator().iter_errors(content)]
