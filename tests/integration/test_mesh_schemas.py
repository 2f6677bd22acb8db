"""The real schemas of Istio, Gateway API and Envoy Gateway accept what is rendered."""

from typing import get_args

import pytest

from adapter.envoy_config.mesh import Mesh
from tests.rig.kubernetes_schemas import faults_of
from tests.rig.mesh_plans import example, rendered


@pytest.mark.parametrize(
    ("mesh", "token"),
    [
        *((mesh, None) for mesh in get_args(Mesh)),
        ("istio", "between-us"),
        ("envoy-gateway", "between-us"),
    ],
)
def test_all_objects_fit_their_schemas(mesh: Mesh, token: str | None) -> None:
    """Every field is known, and every value allowed."""
    plan = example(mesh)
    plan["adapter"] |= {"tls_ca_secret": "ca", "tls_client_secret": "client"}
    plan["envoys"][0]["trusted_hops"] = 1
    objects = [d.content for d in rendered(mesh, plan, token=token) if "kind" in d.content]
    assert objects
    assert {o["kind"]: faults for o in objects if (faults := faults_of(o))} == {}


def test_the_schemas_find_mistakes() -> None:
    """An unknown field and a wrong value."""
    (policy, *_) = [
        d.content for d in rendered("istio") if d.content.get("kind") == "AuthorizationPolicy"
    ]
    policy["spec"] |= {"action": "ASK", "provders": {}}
    wrong, unknown = sorted(faults_of(policy))
    assert "'provders' was unexpected" in unknown
    assert "$.spec.action: 'ASK' is not one of" in wrong
