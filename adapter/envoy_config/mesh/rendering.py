"""Renders all documents for a mesh."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from adapter.envoy_config.mesh import envoy_gateway, gateway_api, istio
from adapter.envoy_config.mesh.adapter_settings import adapter_settings
from adapter.envoy_config.mesh.config import MeshConfig
from adapter.envoy_config.mesh.document import OBJECTS_FILE, Document
from adapter.envoy_config.mesh.plan import Mesh
from adapter.envoy_config.mesh.validation import faults
from adapter.errors import ConfigurationError

_MESHES: Final[Mapping[Mesh, Callable[[MeshConfig], Iterator[Document]]]] = {
    "istio": istio.documents,
    "envoy-gateway": envoy_gateway.documents,
    "gateway-api": gateway_api.documents,
}


def render_mesh(config: MeshConfig) -> list[Document]:
    """All that an operator applies, in order. Raises ConfigurationError with all errors."""
    if found := list(faults(config)):
        raise ConfigurationError("\n".join(found))
    documents = [adapter_settings(config), *_MESHES[config.mesh](config)]
    _refuse_equal_names(documents)
    return documents


def _refuse_equal_names(documents: Iterable[Document]) -> None:
    """Of two objects with one name, the second would replace the first, and open its API."""
    objects = [d.content for d in documents if d.file == OBJECTS_FILE]
    names = [(o["kind"], *o["metadata"].values()) for o in objects]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        lines = [f"two objects {kind} would be {where}/{name}" for kind, name, where in twice]
        raise ConfigurationError("\n".join([*lines, "name these routes or hosts differently"]))
