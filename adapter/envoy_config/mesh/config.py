"""The options of everything that is rendered for a mesh."""

from dataclasses import dataclass, field
from typing import Final

from adapter.envoy_config.mesh.plan import Mesh, MeshApi, MeshEnvoy, MeshPlan

NAME: Final = "policy-adapter"
"""What the rendered objects are called, and begin with."""
CHECK_TIMEOUT: Final = "0.5s"
CHECK_TIMEOUT_MS: Final = "500ms"
"""The same, as Gateway API writes durations: in whole units."""
HEALTH_INTERVAL: Final = "1s"


@dataclass(frozen=True, slots=True)
class MeshConfig:
    """The plan, and what the adapter's settings say about its Envoys."""

    mesh: Mesh
    plan: MeshPlan
    header_prefix: str
    """`requests.identity_header_prefix`."""
    client_address_header: str
    token: str | None = field(default=None, repr=False)
    serves_tls: bool = False

    @property
    def apis(self) -> list[tuple[MeshEnvoy, MeshApi]]:
        """All APIs, each with the Envoy that it is behind."""
        return [(envoy, api) for envoy in self.plan.envoys for api in envoy.apis]
