"""TLS from Envoy to the adapters, and to the services behind it."""

import ipaddress
from collections.abc import Sequence

from adapter.envoy_config.config import ApiRoute, EnvoyConfig
from adapter.envoy_config.parts.addresses import host_of, is_name
from adapter.envoy_config.parts.tree import Tree, typed


def adapter_socket(config: EnvoyConfig) -> Tree:
    """The part of an adapter's cluster that connects by TLS; empty without TLS."""
    tls = config.adapter_tls
    if tls is None:
        return {}
    common = _verifying(tls.ca_file, config.adapters, "h2")
    if tls.certificate_file and tls.key_file:
        own = {"filename": tls.certificate_file}
        common["tls_certificates"] = [
            {"certificate_chain": own, "private_key": {"filename": tls.key_file}}
        ]
    return _socket({"common_tls_context": common})


def upstream_socket(route: ApiRoute, ca_file: str) -> Tree:
    """The part of an upstream's cluster that connects by TLS; empty without TLS."""
    if not route.tls:
        return {}
    common = _verifying(ca_file, [route.upstream], "h2" if route.grpc else "http/1.1")
    # By default Envoy offers servers no version above 1.2.
    common["tls_params"] = {"tls_maximum_protocol_version": "TLSv1_3"}
    # The name tells a server with several certificates which one to show (RFC 6066, 3).
    name = {"sni": host_of(route.upstream)} if is_name(route.upstream) else {}
    return _socket({**name, "common_tls_context": common})


def _verifying(ca_file: str, addresses: Sequence[str], protocol: str) -> Tree:
    return {
        "alpn_protocols": [protocol],
        "validation_context": {
            "trusted_ca": {"filename": ca_file},
            # Without it, any certificate signed by that CA would be accepted.
            "match_typed_subject_alt_names": [_subject(address) for address in addresses],
        },
    }


def _subject(address: str) -> Tree:
    host = host_of(address)
    if is_name(address):
        return {"san_type": "DNS", "matcher": {"exact": host}}
    exact = ipaddress.ip_address(host).compressed
    return {"san_type": "IP_ADDRESS", "matcher": {"exact": exact}}


def _socket(context: Tree) -> Tree:
    config = typed("transport_sockets.tls.v3.UpstreamTlsContext", context)
    return {"transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": config}}
