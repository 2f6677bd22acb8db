"""Checks configurations with the JSON Schemas that the adapter makes from its own models.

The file `schemas.json` is what `policy-adapter policy-schemas` prints; `make policy-schemas` writes
it. It uses few keywords of JSON Schema, and a test fails if it begins to use others. As gateways
do, the check accepts null for a setting's default, numbers and booleans as text, and settings that
it does not know if they are empty. It can't see into expressions and patterns.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from control_plane.spelling import did_you_mean

_NUMBER: Final = re.compile(r"[+-]?[0-9]+")
_TRUTHS: Final = frozenset({"true", "false"})


class _Fault(NamedTuple):
    field: str
    message: str


@cache
def policy_schemas() -> Mapping[str, Any]:
    """The schema of each policy type's configuration, by the type's asset id."""
    text = files(__package__).joinpath("schemas.json").read_text("utf-8")
    schemas: Mapping[str, Any] = json.loads(text)
    return schemas


def check_by_schema(
    policy_type: str,
    configuration: Mapping[str, Any],
    pointcut: Sequence[Mapping[str, str]] | None,  # noqa: ARG001 - its patterns are RE2
) -> Mapping[str, Any]:
    """See `PolicyCheck`. Pointcuts are not checked, because we have no RE2."""
    schema = policy_schemas().get(policy_type)
    if schema is None:
        near = did_you_mean(policy_type, policy_schemas())
        known = near or f"known are {', '.join(policy_schemas())}"
        faults = [_Fault("assetId", f"{policy_type[:64]!r} is not a policy type; {known}")]
    else:
        faults = list(_Checker(schema).faults("configurationData", configuration, schema))
    return {"faults": [fault._asdict() for fault in faults], "warnings": []}


class _Checker:
    """Checks values with the parts of one schema."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._definitions = whole.get("$defs", {})

    def faults(self, place: str, value: Any, schema: Mapping[str, Any]) -> Iterator[_Fault]:
        """What is wrong with the value, with the path of each fault."""
        if "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        why = _objection(value, schema)
        if why is not None:
            yield _Fault(place, why)
        elif isinstance(value, dict):
            yield from self._of_object(place, value, schema)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.faults(f"{place}.{index}", item, schema["items"])

    def _of_object(
        self, place: str, value: Mapping[str, Any], schema: Mapping[str, Any]
    ) -> Iterator[_Fault]:
        known: Mapping[str, Any] = schema["properties"]
        for name in schema.get("required", ()):
            if value.get(name) is None:
                yield _Fault(f"{place}.{name}", _missing(known[name]))
        for name, inner in value.items():
            if name in known:
                if inner is not None:
                    yield from self.faults(f"{place}.{name}", inner, known[name])
            elif inner not in (None, False, "", [], {}):
                fix = did_you_mean(name, known) or "remove it"
                yield _Fault(f"{place}.{name[:64]}", f"this setting is not supported; {fix}")


def _missing(schema: Mapping[str, Any]) -> str:
    examples = schema.get("examples")
    return f"is required{f'; for example {json.dumps(examples[0])}' if examples else ''}"


def _objection(value: Any, schema: Mapping[str, Any]) -> str | None:
    """What is wrong with the value itself, without its parts."""
    kind = schema.get("type")
    if kind == "integer":
        return _number_objection(value, schema)
    if kind == "boolean":
        is_truth = isinstance(value, bool) or (isinstance(value, str) and value.lower() in _TRUTHS)
        return None if is_truth else "must be true or false"
    if kind == "string":
        return _text_objection(value, schema) if isinstance(value, str) else "must be text"
    if kind == "array":
        return _list_objection(value, schema) if isinstance(value, list) else "must be a list"
    return None if isinstance(value, dict) else "must be an object: {...}"


def _number_objection(value: Any, schema: Mapping[str, Any]) -> str | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value) and len(value) < 30:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return "must be a whole number"
    if value < schema.get("minimum", value):
        return f"must be at least {schema['minimum']}"
    if value > schema.get("maximum", value):
        return f"must be at most {schema['maximum']}"
    return None


def _text_objection(value: str, schema: Mapping[str, Any]) -> str | None:
    choices = schema.get("enum")
    if choices is not None and value not in choices:
        return f"must be {' or '.join(choices)}"
    if len(value) < schema.get("minLength", 0):
        return "must not be empty"
    if len(value) > schema.get("maxLength", len(value)):
        return f"must have at most {schema['maxLength']} characters"
    if "pattern" in schema and re.search(schema["pattern"], value) is None:
        return str(schema["errorMessage"])
    return None


def _list_objection(value: list[Any], schema: Mapping[str, Any]) -> str | None:
    if len(value) < schema.get("minItems", 0):
        return "must not be empty"
    if len(value) > schema.get("maxItems", len(value)):
        return f"must have at most {schema['maxItems']} entries"
    return None
