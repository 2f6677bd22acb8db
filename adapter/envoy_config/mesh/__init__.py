"""Renders what an operator of a mesh or of a Gateway applies, in place of Envoy's configuration.

    documents = render_mesh(MeshConfig("istio", plan, ...))
    print(text_of(documents))

`istio/`, `envoy_gateway/` and `gateway_api/` have one module for each kind of object. The values
inside EnvoyFilters are the same parts that the other renderers use.
"""

from adapter.envoy_config.mesh.config import MeshConfig
from adapter.envoy_config.mesh.document import FILES, Document, text_of
from adapter.envoy_config.mesh.plan import Mesh, MeshPlan
from adapter.envoy_config.mesh.rendering import render_mesh

__all__ = ["FILES", "Document", "Mesh", "MeshConfig", "MeshPlan", "render_mesh", "text_of"]
