"""The objects that are rendered for the example plans."""

from typing import get_args

from adapter.envoy_config.mesh import Document, Mesh
from tests.rig.mesh_plans import rendered

MESHES = get_args(Mesh)
TOKEN = "100%ours"


def objects(mesh: Mesh) -> list[Document]:
    """Those that `kubectl apply` gets, with a token if the mesh can send one."""
    token = None if mesh == "gateway-api" else TOKEN
    return [d for d in rendered(mesh, token=token) if "kind" in d.content]
