"""The resources of the Kubernetes API that the controller reads and writes."""

from typing import Final, NamedTuple

from adapter.envoy_config.mesh import Mesh
from adapter.envoy_config.parts.tree import Tree


class Resource(NamedTuple):
    """One kind of object."""

    group: str
    """Empty for the core group."""
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """As objects have it."""
        return f"{self.group}/{self.version}" if self.group else self.version


class Key(NamedTuple):
    """Which object."""

    resource: Resource
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.resource.kind} {self.namespace}/{self.name}"


_GATEWAY_API: Final = "gateway.networking.k8s.io"
_ISTIO: Final = "networking.istio.io"
_ENVOY_GATEWAY: Final = "gateway.envoyproxy.io"

API_BINDING: Final = Resource("policy-adapter.dev", "v1alpha1", "apibindings", "ApiBinding")
HTTP_ROUTE: Final = Resource(_GATEWAY_API, "v1", "httproutes", "HTTPRoute")
GRPC_ROUTE: Final = Resource(_GATEWAY_API, "v1", "grpcroutes", "GRPCRoute")
GATEWAY: Final = Resource(_GATEWAY_API, "v1", "gateways", "Gateway")
GATEWAY_CLASS: Final = Resource(_GATEWAY_API, "v1", "gatewayclasses", "GatewayClass")
ISTIO_GATEWAY: Final = Resource(_ISTIO, "v1", "gateways", "Gateway")
VIRTUAL_SERVICE: Final = Resource(_ISTIO, "v1", "virtualservices", "VirtualService")
SERVICE: Final = Resource("", "v1", "services", "Service")
CONFIG_MAP: Final = Resource("", "v1", "configmaps", "ConfigMap")
EVENT: Final = Resource("", "v1", "events", "Event")
LEASE: Final = Resource("coordination.k8s.io", "v1", "leases", "Lease")

ROUTES: Final = (HTTP_ROUTE, GRPC_ROUTE, VIRTUAL_SERVICE)
TARGETS: Final = {resource.kind: resource for resource in (*ROUTES, SERVICE)}
"""What an ApiBinding can bind, by kind."""

_READ: Final[dict[Mesh, tuple[Resource, ...]]] = {
    "istio": (*ROUTES, GATEWAY, GATEWAY_CLASS, ISTIO_GATEWAY, SERVICE),
    "envoy-gateway": (HTTP_ROUTE, GRPC_ROUTE, GATEWAY, GATEWAY_CLASS),
}
_WRITTEN: Final[dict[Mesh, tuple[Resource, ...]]] = {
    "istio": (
        Resource(_ISTIO, "v1", "destinationrules", "DestinationRule"),
        Resource(_ISTIO, "v1alpha3", "envoyfilters", "EnvoyFilter"),
        Resource("telemetry.istio.io", "v1", "telemetries", "Telemetry"),
        Resource("security.istio.io", "v1", "authorizationpolicies", "AuthorizationPolicy"),
    ),
    "envoy-gateway": (
        Resource(_ENVOY_GATEWAY, "v1alpha1", "backends", "Backend"),
        Resource(_ENVOY_GATEWAY, "v1alpha1", "envoyproxies", "EnvoyProxy"),
        Resource(_ENVOY_GATEWAY, "v1alpha1", "clienttrafficpolicies", "ClientTrafficPolicy"),
        Resource(_ENVOY_GATEWAY, "v1alpha1", "securitypolicies", "SecurityPolicy"),
        Resource(_ENVOY_GATEWAY, "v1alpha1", "envoypatchpolicies", "EnvoyPatchPolicy"),
        Resource(_GATEWAY_API, "v1beta1", "referencegrants", "ReferenceGrant"),
    ),
}


def read_for(mesh: Mesh) -> tuple[Resource, ...]:
    """What the bindings of a mesh may refer to, directly or through a route."""
    return _READ[mesh]


def written_for(mesh: Mesh) -> tuple[Resource, ...]:
    """The kinds of objects that are rendered for a mesh."""
    return _WRITTEN[mesh]


def key_of(mesh: Mesh, content: Tree) -> Key:
    """The key of a rendered object."""
    api_version, kind = content["apiVersion"], content["kind"]
    (found,) = (r for r in _WRITTEN[mesh] if (r.api_version, r.kind) == (api_version, kind))
    return Key(found, content["metadata"]["namespace"], content["metadata"]["name"])
