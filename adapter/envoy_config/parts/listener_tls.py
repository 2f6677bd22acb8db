"""TLS between clients and Envoy."""

from adapter.envoy_config.config import ListenerTls
from adapter.envoy_config.parts.tree import Tree, typed


def transport_socket(tls: ListenerTls | None) -> Tree:
    """The part of Envoy's filter chain that ends TLS; empty without TLS."""
    if tls is None:
        return {}
    common: Tree = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificates": [
            {
                "certificate_chain": {"filename": tls.certificate_file},
                "private_key": {"filename": tls.key_file},
            }
        ],
    }
    context: Tree = {"common_tls_context": common}
    if tls.client_ca_file is not None:
        common["validation_context"] = {"trusted_ca": {"filename": tls.client_ca_file}}
        context["require_client_certificate"] = True
    return {
        "transport_socket": {
            "name": "envoy.transport_sockets.tls",
            "typed_config": typed("transport_sockets.tls.v3.DownstreamTlsContext", context),
        }
    }


def client_certificate_forwarding(tls: ListenerTls | None) -> Tree:
    """What the upstream learns of client certificates: only what Envoy verified."""
    if tls is None or tls.client_ca_file is None:
        return {}
    return {
        # A header of that kind from the client is replaced.
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {"subject": True, "uri": True, "dns": True},
    }
