"""The mesh plan: where the adapter is, which Envoys ask it, and which APIs are behind them."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Mesh: TypeAlias = Literal["istio", "envoy-gateway", "gateway-api"]
"""Who applies the objects, and writes the Envoys' configuration."""
WayToBind: TypeAlias = Literal["context_extensions", "route_metadata", "route_name"]
"""How a Check says which route it is about."""

Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=63)]
Port: TypeAlias = Annotated[int, Field(ge=1, le=65_535)]
_ROUTE = (
    r"^(HTTPRoute|GRPCRoute|VirtualService)/[a-z0-9.-]{1,63}/[a-z0-9.-]{1,150}(#[a-z0-9.-]{1,63})?$"
)

_SERVICE = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?:[1-9][0-9]{0,4}$"
_PRINCIPAL = r"^spiffe://[^/\s]+/ns/[a-z0-9.-]{1,63}/sa/[a-z0-9.-]{1,253}$"


class _Part(BaseModel):
    """Unknown names are errors, and numbers may stand for text."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class AdapterService(_Part):
    """The Service of the adapter, as the Envoys reach it."""

    service: Name = "policy-adapter"
    namespace: Name = "adapter"
    port: Port = 9001
    tls_ca_secret: Name | None = None
    """A Secret in the Envoys' namespace whose `ca.crt` signed the adapter's certificate."""
    tls_client_secret: Name | None = None
    """A Secret of type TLS there: the certificate that Envoys show to the adapter."""

    @property
    def host(self) -> str:
        """The name of the Service in the cluster's DNS."""
        return f"{self.service}.{self.namespace}.svc.cluster.local"


class MeshApi(_Part):
    """An API instance, and which requests belong to it."""

    api_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    route: Annotated[str, Field(pattern=_ROUTE)] | None = None
    """`KIND/NAMESPACE/NAME`, or with `#RULE` one rule of it."""
    bind_by: WayToBind | None = None
    """How a Check names the route. Default: the way that the mesh offers by itself."""
    host: str | None = None
    path: str = "/"
    """Goes with `host`: requests to this path and below it."""
    service: Annotated[str, Field(pattern=_SERVICE)] | None = None
    """Goes with `host`, for Gateway API: the Service behind the API, as `NAME:PORT`."""
    principal: Annotated[str, Field(pattern=_PRINCIPAL)] | None = None
    """The service account of a sidecar's workload, as its certificate names it."""
    port: Port | None = None
    """One HTTP port of a sidecar's workload, alone or with `principal`. Without it, all of them.
    It is the pods' (`targetPort`)."""
    service_port: Port | None = None
    """Goes with `port`: the same port as the Service has it. Default: the same number."""
    tcp_port: Port | None = None
    """A port whose connections Envoy forwards without reading HTTP."""

    @property
    def target(self) -> tuple[str, str, str]:
        """Kind, namespace and name of the route."""
        kind, namespace, name = (self.route or "//").partition("#")[0].split("/")
        return kind, namespace, name

    @property
    def rule(self) -> str:
        """The rule of the route; empty for all rules."""
        return (self.route or "").partition("#")[2]


class MeshEnvoy(_Part):
    """A gateway, the sidecars of a workload, or a waypoint."""

    kind: Literal["gateway", "sidecar", "waypoint"]
    name: Name
    """Of the Gateway; for others, what the rendered objects are named after."""
    namespace: Name = "default"
    labels: dict[str, str] = {}
    """Of the pods, for Istio's gateways and sidecars."""
    listeners: tuple[Name, ...] = ()
    """Of the Gateway, for Envoy Gateway and Gateway API."""
    trusted_hops: Annotated[int, Field(ge=0)] = 0
    """Trusted proxies in front that append to `x-forwarded-for`."""
    routes_by: tuple[Literal["path", "host"], ...] = ("path", "host")
    """What decides which route of a gateway a request takes. Requests whose path or host can be
    read in two ways are refused there."""
    apis: tuple[MeshApi, ...] = ()


class MeshPlan(_Part):
    """All that an operator says about the mesh."""

    adapter: AdapterService = AdapterService()
    envoys: tuple[MeshEnvoy, ...] = ()

    @property
    def has_gateways_only(self) -> bool:
        """Whether every Envoy is an edge, which takes the client's address from the connection."""
        return all(envoy.kind == "gateway" for envoy in self.envoys)
