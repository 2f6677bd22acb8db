"""The schemas of Istio's, Gateway API's and Envoy Gateway's objects, from their Go modules.

They are what an API server holds objects against, without the rules in CEL. Fields that a schema
does not name are errors here; an API server removes them silently.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from tests.rig.go_toolchain import module_directory

_MODULES = Path(__file__).parent / "crds"
_PLACES = {
    "github.com/envoyproxy/gateway": "charts/gateway-helm/charts/crds/crds/generated",
    "istio.io/api": "kubernetes",
    "sigs.k8s.io/gateway-api": "config/crd/experimental",
}
_OPEN = "x-kubernetes-preserve-unknown-fields"
_NEEDED = {
    *("authorizationpolicies", "telemetries", "envoyfilters", "destinationrules", "httproutes"),
    *("backends", "envoyproxies", "clienttrafficpolicies", "securitypolicies", "referencegrants"),
    "envoypatchpolicies",
}
"""Plural names, so that not all of megabytes of YAML is read."""


def faults_of(content: dict[str, Any]) -> list[str]:
    """What an API server would refuse in this object, or drop."""
    group, _, version = content["apiVersion"].partition("/")
    validator = jsonschema.Draft202012Validator(_schemas()[group, version, content["kind"]])
    spec = {key: value for key, value in content.items() if key not in {"apiVersion", "kind"}}
    return [f"{e.json_path}: {e.message}" for e in validator.iter_errors(spec)]


@cache
def _schemas() -> dict[tuple[str, str, str], dict[str, Any]]:
    """The schema of each kind, by group and version."""
    found = {}
    for definition in _definitions():
        spec = definition["spec"]
        for version in spec["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            for ours in ("apiVersion", "kind", "metadata"):
                schema["properties"].pop(ours, None)
            schema["properties"]["metadata"] = {"type": "object"}
            found[spec["group"], version["name"], spec["names"]["kind"]] = closed(schema)
    return found


def crd_files() -> list[Path]:
    """The files of the definitions."""
    places = [module_directory(_MODULES, module) / place for module, place in _PLACES.items()]
    return [file for place in places for file in sorted(place.glob("*.yaml"))]


def _definitions() -> Iterator[dict[str, Any]]:
    for file in crd_files():
        for text in file.read_text().split("\n---\n"):
            if any(f"\n    plural: {plural}\n" in text for plural in _NEEDED):
                yield yaml.load(text, yaml.CSafeLoader)


def closed(schema: Any) -> Any:
    """The schema, with all fields that it does not name forbidden."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(value) for key, value in schema.items()}
    if isinstance(shut.get("properties"), dict) and not shut.get(_OPEN):
        shut.setdefault("additionalProperties", False)
    return shut
