"""The ClientTrafficPolicy: what Envoy does with a request before the Check."""

from adapter.envoy_config.mesh.config import MeshConfig
from adapter.envoy_config.mesh.document import Document
from adapter.envoy_config.mesh.envoy_gateway.backend import VERSION
from adapter.envoy_config.mesh.kubernetes import kubernetes_object, name_for, reference
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.parts.http_filters import forged_headers
from adapter.envoy_config.parts.tree import Tree


def client_traffic_policy(config: MeshConfig, envoy: MeshEnvoy) -> Document:
    """Removes forged headers, and makes adapter and services read paths in the same way."""
    forged = {"type": "RegularExpression", "value": forged_headers(config.header_prefix)}
    spec = {
        "targetRefs": [reference("Gateway", envoy.name)],
        "headers": {
            "withUnderscoresAction": "Allow",
            "earlyRequestHeaders": {"removeOnMatch": [forged]},
            "host": {"stripTrailingHostDot": True},
        },
        "path": {"escapedSlashesAction": "RejectRequest"},
        **_trusted_hops(envoy),
    }
    return Document(
        f"What the Gateway {envoy.name} does with a request before it asks the adapter. A Gateway "
        "has one ClientTrafficPolicy: if there is one already, add these lines to it.",
        kubernetes_object(VERSION, "ClientTrafficPolicy", name_for(envoy), envoy.namespace, spec),
    )


def _trusted_hops(envoy: MeshEnvoy) -> Tree:
    hops = {"xForwardedFor": {"numTrustedHops": envoy.trusted_hops}}
    return {"clientIPDetection": hops} if envoy.trusted_hops else {}
