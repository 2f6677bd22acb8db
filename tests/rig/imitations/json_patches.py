"""Applies an EnvoyPatchPolicy's patches, as Envoy Gateway does."""

import re
from collections.abc import Iterator
from typing import Any

_WHERE = re.compile(r"\$\.\.(\w+)\[\?match\(@\.name, '(.*)'\)\]\.(.+)")


def apply(patch: dict[str, Any], bootstrap: dict[str, Any]) -> None:
    """Change the resource. Raises an error if it, or the place in it, does not exist."""
    kind = "clusters" if patch["type"].endswith(".Cluster") else "listeners"
    (resource,) = [r for r in bootstrap["static_resources"][kind] if r["name"] == patch["name"]]
    operation = patch["operation"]
    places = [resource]
    if "jsonPath" in operation:
        places = list(_places(resource, operation["jsonPath"]))
    if not places:
        raise LookupError(f"nothing in {patch['name']} matches {operation['jsonPath']}")
    *parents, last = operation["path"].strip("/").split("/")
    for place in places:
        for step in parents:
            place = place[int(step) if isinstance(place, list) else step]  # noqa: PLW2901 - a walk
        place[last] = operation["value"]


def _places(resource: Any, path: str) -> Iterator[Any]:
    """What a path of the form `$..LIST[?match(@.name, 'PATTERN')].FIELD.FIELD` selects."""
    found = _WHERE.fullmatch(path)
    if found is None:
        raise ValueError(f"this form is not imitated: {path}")
    key, pattern, fields = found.groups()
    for member in _members(resource, key):
        if re.fullmatch(pattern, member["name"]):
            place = member
            for field in fields.split("."):
                place = place[field]
            yield place


def _members(part: Any, key: str) -> Iterator[Any]:
    """The members of all lists under this key, at any depth."""
    if isinstance(part, dict):
        yield from part.get(key, [])
    for value in part.values() if isinstance(part, dict) else part:
        if isinstance(value, dict | list):
            yield from _members(value, key)
