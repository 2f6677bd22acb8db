"""What the settings say about the mesh, for the pure parts."""

from dataclasses import dataclass, field

from adapter.envoy_config.mesh import Mesh, MeshConfig, MeshPlan
from adapter.envoy_config.mesh.plan import AdapterService, MeshEnvoy


@dataclass(frozen=True, slots=True)
class MeshOptions:
    """The mesh, and what all its objects share."""

    controller: str
    """The name of this controller. Objects that it made have it in a label."""
    mesh: Mesh
    adapter: AdapterService
    header_prefix: str
    client_address_header: str
    token: str | None = field(default=None, repr=False)
    trusted_hops: int = 0
    namespace: str | None = None
    """Where ApiBindings are read; None: everywhere."""
    bindings_name: str = "policy-adapter-bindings"
    """The ConfigMap with the adapter's bindings, in the adapter's namespace."""

    def config(self, envoys: tuple[MeshEnvoy, ...]) -> MeshConfig:
        """What the renderers take."""
        return MeshConfig(
            mesh=self.mesh,
            plan=MeshPlan(adapter=self.adapter, envoys=envoys),
            header_prefix=self.header_prefix,
            client_address_header=self.client_address_header,
            token=self.token,
            serves_tls=self.adapter.tls_ca_secret is not None,
        )
