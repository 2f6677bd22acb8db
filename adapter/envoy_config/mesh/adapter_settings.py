"""The adapter's own settings: how it knows which API a request belongs to, and who sent it."""

from adapter.envoy_config.mesh.config import MeshConfig
from adapter.envoy_config.mesh.document import SETTINGS_FILE, Document
from adapter.envoy_config.mesh.ways import binding_of
from adapter.envoy_config.parts.tree import Tree

_DRAIN_S = 4


def adapter_settings(config: MeshConfig) -> Document:
    """The settings that fit the objects."""
    bindings: list[Tree] = []
    for envoy, api in config.apis:
        binding = {"api_id": api.api_id, **binding_of(config.mesh, envoy, api)}
        # An API may be behind several Envoys.
        if len(binding) > 1 and binding not in bindings:
            bindings.append(binding)
    content = {
        "requests": {**_client_address(config), **({"bindings": bindings} if bindings else {})},
        "shutdown": {"drain_s": _DRAIN_S},
    }
    return Document(
        "Settings of the adapter: add these lines to its YAML file, and restart it, before you "
        "apply the objects.",
        content,
        SETTINGS_FILE,
    )


def _client_address(config: MeshConfig) -> Tree:
    """Gateways append the address to `x-forwarded-for`; sidecars and waypoints do not."""
    if config.plan.has_gateways_only:
        return {"forwarded_for_position": 1 + config.plan.envoys[0].trusted_hops}
    return {"client_address_header": config.client_address_header}
