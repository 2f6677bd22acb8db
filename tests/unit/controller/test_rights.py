"""The roles for the controller allow what it does, and nothing else."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from adapter.controller.core.resources import (
    API_BINDING,
    CONFIG_MAP,
    EVENT,
    LEASE,
    Resource,
    read_for,
    written_for,
)
from adapter.envoy_config.mesh import Mesh

_FILE = Path(__file__).parents[3] / "deploy" / "controller" / "rbac.yaml"
_ROLES: list[dict[str, Any]] = list(yaml.safe_load_all(_FILE.read_text()))
_MESHES: tuple[Mesh, ...] = ("istio", "envoy-gateway")


def _needed() -> dict[str, set[tuple[str, str, str]]]:
    """Group, resource and verb, by the kind of role."""
    reads = {API_BINDING, *(r for mesh in _MESHES for r in read_for(mesh))}
    writes = {r for mesh in _MESHES for r in written_for(mesh)}
    reading, writing = {"get", "list", "watch"}, {"create", "delete", "patch"}
    return {
        "ClusterRole": {
            *_rights(reads, reading),
            *_rights(writes, reading | writing),
            *_rights({EVENT}, {"create"}),
            (API_BINDING.group, f"{API_BINDING.plural}/status", "patch"),
        },
        "Role": {
            *_rights({CONFIG_MAP}, {"create", "get", "patch"}),
            *_rights({LEASE}, {"create", "get", "update"}),
        },
    }


def _rights(resources: set[Resource], verbs: set[str]) -> set[tuple[str, str, str]]:
    return {(r.group, r.plural, verb) for r in resources for verb in verbs}


@pytest.mark.parametrize("role", _ROLES, ids=lambda role: role["kind"])
def test_roles_allow_what_the_controller_does(role: dict[str, Any]) -> None:
    """A right that is missing shows as 403 in a cluster only."""
    kubernetes_validate.validate(role, "1.37", strict=True)
    allowed = {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert allowed == _needed()[role["kind"]]
