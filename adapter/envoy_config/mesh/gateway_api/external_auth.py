"""The experimental filter ExternalAuth of Gateway API's HTTPRoute (GEP-1494)."""

import re

from adapter.envoy_config.mesh.config import NAME, MeshConfig
from adapter.envoy_config.mesh.document import Document
from adapter.envoy_config.mesh.kubernetes import (
    GATEWAY_API,
    kubernetes_object,
    reference,
    reference_grant,
)
from adapter.envoy_config.mesh.plan import AdapterService, MeshApi, MeshEnvoy
from adapter.envoy_config.parts.tree import Tree


def http_route(adapter: AdapterService, envoy: MeshEnvoy, api: MeshApi) -> Document:
    """A route whose requests the adapter decides. Its host and path tell the adapter the API."""
    service, _, port = (api.service or "").partition(":")
    parents: list[Tree] = [
        {**reference("Gateway", envoy.name), "sectionName": listener}
        for listener in envoy.listeners
    ]
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": api.path}}],
        "filters": [_filter(adapter)],
        "backendRefs": [{"name": service, "port": int(port)}],
    }
    spec = {
        "parentRefs": parents or [reference("Gateway", envoy.name)],
        "hostnames": [api.host],
        "rules": [rule],
    }
    name = "-".join((NAME, *re.findall("[a-z0-9]+", f"{api.host}{api.path}".lower())))
    return Document(
        f"The route of API {api.api_id}. If you have one for {api.host}{api.path}, add the filter "
        "to its rules instead. The other rules of your routes are not checked.",
        kubernetes_object(f"{GATEWAY_API}/v1", "HTTPRoute", name, envoy.namespace, spec),
    )


def _filter(adapter: AdapterService) -> Tree:
    backend = {"name": adapter.service, "namespace": adapter.namespace, "port": adapter.port}
    external_auth = {"protocol": "GRPC", "backendRef": backend, "grpc": {}}
    return {"type": "ExternalAuth", "externalAuth": external_auth}


def grant(config: MeshConfig, namespace: str) -> Document:
    """Lets the routes of a namespace refer to the adapter's Service."""
    adapter = config.plan.adapter
    source = {"group": GATEWAY_API, "kind": "HTTPRoute", "namespace": namespace}
    return Document(
        f"Lets the routes of namespace {namespace} ask the adapter.",
        reference_grant(
            adapter.namespace,
            f"{NAME}-from-{namespace}",
            source,
            reference("Service", adapter.service, ""),
        ),
    )
