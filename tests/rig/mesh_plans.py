"""The example plans, and what is rendered of them."""

from pathlib import Path
from typing import Any

import yaml

from adapter.envoy_config.mesh import Document, MeshConfig, MeshPlan, Platform, render_mesh
from adapter.ext_authz.check.request import ADDRESS_HEADER
from adapter.settings import RequestSettings

EXAMPLES = Path(__file__).parents[2] / "examples" / "mesh"


def example(platform: Platform) -> dict[str, Any]:
    """The plan in the example, as it is written."""
    plan: dict[str, Any] = yaml.safe_load((EXAMPLES / f"{platform}.yaml").read_text())
    return plan


def config(platform: Platform, plan: dict[str, Any] | None = None, **options: Any) -> MeshConfig:
    """What is rendered; without a plan, the example."""
    return MeshConfig(
        platform,
        MeshPlan.model_validate(example(platform) if plan is None else plan),
        header_prefix=RequestSettings().identity_header_prefix,
        client_address_header=ADDRESS_HEADER,
        **options,
    )


def rendered(
    platform: Platform, plan: dict[str, Any] | None = None, **options: Any
) -> list[Document]:
    """The documents."""
    return render_mesh(config(platform, plan, **options))
