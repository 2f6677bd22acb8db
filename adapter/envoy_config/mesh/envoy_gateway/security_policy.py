"""The SecurityPolicies: the Gateway asks the adapter, and routes may name their API."""

from collections.abc import Iterator, Mapping

from adapter.envoy_config.mesh.config import CHECK_TIMEOUT_MS, NAME
from adapter.envoy_config.mesh.document import Document
from adapter.envoy_config.mesh.envoy_gateway.backend import (
    GROUP,
    VERSION,
    backend_reference,
    check_settings,
)
from adapter.envoy_config.mesh.kubernetes import (
    GATEWAY_API,
    kubernetes_object,
    name_for,
    reference,
    reference_grant,
)
from adapter.envoy_config.mesh.plan import MeshApi, MeshEnvoy
from adapter.envoy_config.mesh.ways import choice_of, is_named_by_envoy
from adapter.envoy_config.parts.tree import Tree


def gateway_policy(envoy: MeshEnvoy) -> Document:
    """The Check of every request to the Gateway."""
    spec = {
        "targetRefs": [reference("Gateway", envoy.name)],
        "extAuth": {
            "timeout": CHECK_TIMEOUT_MS,
            "failOpen": False,
            "statusOnError": 503,
            "includeRouteMetadata": True,
            **_extensions(choice_of(envoy)),
            "grpc": {
                "backendRefs": [backend_reference(envoy)],
                "backendSettings": check_settings(),
            },
        },
    }
    return Document(
        f"The Gateway {envoy.name} asks the adapter about every request. A SecurityPolicy on a "
        "route without mergeType takes this Check away from the route: add mergeType: "
        "StrategicMerge to each that you have. An empty one is the way to serve a route without "
        "a Check.",
        kubernetes_object(VERSION, "SecurityPolicy", name_for(envoy), envoy.namespace, spec),
    )


def route_policies(envoy: MeshEnvoy) -> Iterator[Document]:
    """One for each route that names its API itself."""
    namespaces = set[str]()
    for api in named_apis(envoy):
        yield _route_policy(envoy, api)
        namespaces.add(api.target[1])
    for namespace in sorted(namespaces - {envoy.namespace}):
        source = {"group": GROUP, "kind": "SecurityPolicy", "namespace": namespace}
        yield Document(
            f"Lets the SecurityPolicies of namespace {namespace} name the Backend.",
            reference_grant(
                envoy.namespace,
                f"{name_for(envoy)}-from-{namespace}",
                source,
                reference("Backend", name_for(envoy), GROUP),
            ),
        )


def named_apis(envoy: MeshEnvoy) -> list[MeshApi]:
    """The APIs whose routes name them."""
    return [api for api in envoy.apis if is_named_by_envoy("envoy-gateway", api)]


def check_clusters(envoy: MeshEnvoy) -> list[str]:
    """Envoy Gateway's names of the adapter's clusters for Checks: one for each SecurityPolicy.

    A name begins with the kind of its object. Without Kubernetes, when Envoy Gateway reads files,
    its objects have no kind, and the names begin with `/`.
    """
    policies = [(envoy.namespace, name_for(envoy))]
    policies += [(api.target[1], _policy_name(api)) for api in named_apis(envoy)]
    return [f"securitypolicy/{namespace}/{name}/extauth/0" for namespace, name in policies]


def _route_policy(envoy: MeshEnvoy, api: MeshApi) -> Document:
    kind, namespace, name = api.target
    section = {"sectionName": api.rule} if api.rule else {}
    spec: Tree = {
        "mergeType": "StrategicMerge",
        "targetRefs": [{**reference(kind, name, GATEWAY_API), **section}],
        "extAuth": {
            **_extensions({"api_id": api.api_id, **choice_of(envoy)}),
            "grpc": {"backendRefs": [backend_reference(envoy)]},
        },
    }
    return Document(
        f"The route {api.route} belongs to API {api.api_id}.",
        kubernetes_object(VERSION, "SecurityPolicy", _policy_name(api), namespace, spec),
    )


def _extensions(extensions: Mapping[str, str]) -> Tree:
    """What Envoy sends with each Check."""
    sent = [{"name": k, "type": "Value", "value": v} for k, v in extensions.items()]
    return {"contextExtensions": sent} if sent else {}


def _policy_name(api: MeshApi) -> str:
    kind, _, name = api.target
    parts = (NAME, kind.lower(), name, api.rule)
    return "-".join(part for part in parts if part)
