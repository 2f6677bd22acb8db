"""The example plans, and what is rendered of them."""

from pathlib import Path
from typing import Any

import yaml

from adapter.envoy_config.mesh import Document, Mesh, MeshConfig, MeshPlan, render_mesh
from adapter.ext_authz.check.request import ADDRESS_HEADER
from adapter.settings import RequestSettings

EXAMPLES = Path(__file__).parents[2] / "examples" / "mesh"


def example(mesh: Mesh) -> dict[str, Any]:
    """The plan in the example, as it is written."""
    plan: dict[str, Any] = yaml.safe_load((EXAMPLES / f"{mesh}.yaml").read_text())
    return plan


def config(mesh: Mesh, plan: dict[str, Any] | None = None, **options: Any) -> MeshConfig:
    """What is rendered; without a plan, the example."""
    return MeshConfig(
        mesh,
        MeshPlan.model_validate(example(mesh) if plan is None else plan),
        header_prefix=RequestSettings().identity_header_prefix,
        client_address_header=ADDRESS_HEADER,
        **options,
    )


def rendered(mesh: Mesh, plan: dict[str, Any] | None = None, **options: Any) -> list[Document]:
    """The documents."""
    return render_mesh(config(mesh, plan, **options))
