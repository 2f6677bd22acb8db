"""The custom resource ApiBinding fits Kubernetes' own schemas, and refuses mistakes.

`make mesh` holds it against a real API server, whose rules in CEL are not evaluated here.
"""

from typing import Any

import kubernetes_validate
import pytest

from tests.rig.api_bindings import binding_faults, definition_and_roles

_TARGET = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "orders"}


@pytest.mark.parametrize("content", definition_and_roles(), ids=lambda c: c["metadata"]["name"])
def test_definition_and_roles_fit_the_schemas_of_kubernetes(content: dict[str, Any]) -> None:
    """Strict: an unknown field is an error."""
    kubernetes_validate.validate(content, "1.37", strict=True)


def test_roles_cover_the_resource() -> None:
    """The roles name the group and the plural of the definition."""
    definition, *roles = definition_and_roles()
    assert {group for r in roles for rule in r["rules"] for group in rule["apiGroups"]} == {
        definition["spec"]["group"]
    }
    plural = definition["spec"]["names"]["plural"]
    named = {name for r in roles for rule in r["rules"] for name in rule["resources"]}
    assert named == {plural, f"{plural}/status"}


@pytest.mark.parametrize(
    "spec",
    [
        {"apiId": "17", "targetRefs": [_TARGET, {**_TARGET, "sectionName": "items"}]},
        {"api": {"assetId": "orders", "version": "1.0.0"}, "targetRefs": [_TARGET]},
    ],
    ids=["by id", "by asset"],
)
def test_bindings_are_accepted(spec: dict[str, Any]) -> None:
    """An API by its id or by its asset, and one or more targets."""
    assert binding_faults(_binding(spec)) == []


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ({"apiId": "17"}, "'targetRefs' is a required property"),
        ({"apiId": "17", "targetRefs": []}, "should be non-empty"),
        ({"apiId": 17, "targetRefs": [_TARGET]}, "17 is not of type 'string'"),
        ({"apiId": "1 7", "targetRefs": [_TARGET]}, "does not match"),
        ({"apiId": "17", "targetRefs": [_TARGET | {"kind": "Pod"}]}, "'Pod' is not one of"),
        ({"apiId": "17", "targetRefs": [_TARGET | {"namespace": "shop"}]}, "was unexpected"),
        ({"api": {"assetId": "orders"}, "targetRefs": [_TARGET]}, "'version' is a required"),
    ],
    ids=["no target", "empty", "number", "space", "kind", "namespace", "no version"],
)
def test_mistakes_are_refused(spec: dict[str, Any], fault: str) -> None:
    """Each with a message that names the part."""
    (found,) = binding_faults(_binding(spec))
    assert fault in found


def _binding(spec: dict[str, Any]) -> dict[str, Any]:
    kind = {"apiVersion": "policy-adapter.dev/v1alpha1", "kind": "ApiBinding"}
    return {**kind, "metadata": {"name": "orders", "namespace": "shop"}, "spec": spec}
