"""Envoy's clusters: for requests, Checks and access logs."""

from collections.abc import Sequence

from adapter.envoy_config.addresses import address_of, is_name
from adapter.envoy_config.config import EnvoyConfig
from adapter.envoy_config.tree import Tree, seconds, typed


def adapter_cluster(name: str, config: EnvoyConfig) -> Tree:
    """All adapters, with health checks. One that stops answering is left out within seconds."""
    interval = seconds(config.health_interval_s)
    return {
        **_cluster(name, config.adapters, http2=True),
        **_tls(config),
        "lb_policy": "ROUND_ROBIN",
        # By default Envoy may apply a change of health up to a second late. During a rolling
        # restart it would still send Checks to an adapter that reports NOT_SERVING.
        "common_lb_config": {"update_merge_window": "0s"},
        "connect_timeout": "0.25s",
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": 1024,
                    "max_requests": 20000,
                    "max_pending_requests": 20000,
                    "max_retries": 200,
                }
            ]
        },
        "outlier_detection": {
            "consecutive_5xx": 5,
            "interval": "2s",
            "base_ejection_time": "5s",
            "max_ejection_percent": 50,
        },
        "health_checks": [
            {
                "timeout": "0.5s",
                "interval": interval,
                # Without it, Envoy checks an adapter without traffic only once a minute.
                "no_traffic_interval": interval,
                "unhealthy_threshold": 1,
                "healthy_threshold": 1,
                "grpc_health_check": {},
            }
        ],
    }


def _tls(config: EnvoyConfig) -> Tree:
    tls = config.adapter_tls
    if tls is None:
        return {}
    common: Tree = {
        "alpn_protocols": ["h2"],
        "validation_context": {
            "trusted_ca": {"filename": tls.ca_file},
            # Without it, any certificate signed by that CA would be accepted.
            "match_typed_subject_alt_names": [_subject(address) for address in config.adapters],
        },
    }
    if tls.certificate_file and tls.key_file:
        own = {"filename": tls.certificate_file}
        common["tls_certificates"] = [
            {"certificate_chain": own, "private_key": {"filename": tls.key_file}}
        ]
    context = typed("transport_sockets.tls.v3.UpstreamTlsContext", {"common_tls_context": common})
    return {"transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": context}}


def _subject(address: str) -> Tree:
    host = address.rpartition(":")[0].strip("[]")
    kind = "DNS" if is_name(address) else "IP_ADDRESS"
    return {"san_type": kind, "matcher": {"exact": host}}


def upstream_cluster(address: str, *, http2: bool) -> Tree:
    """The cluster of one service behind Envoy."""
    return _cluster(cluster_name(address), (address,), http2=http2)


def _cluster(name: str, addresses: Sequence[str], *, http2: bool) -> Tree:
    cluster: Tree = {
        "name": name,
        "type": "STRICT_DNS" if is_name(addresses[0]) else "STATIC",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": address_of(a)}} for a in addresses]}
            ],
        },
    }
    if cluster["type"] == "STRICT_DNS":
        cluster["dns_lookup_family"] = "V4_PREFERRED"
    if http2:
        options: Tree = {"explicit_http_config": {"http2_protocol_options": {}}}
        cluster["typed_extension_protocol_options"] = {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
                "upstreams.http.v3.HttpProtocolOptions", options
            )
        }
    return cluster


def cluster_name(address: str) -> str:
    """The name of an upstream's cluster."""
    return f"upstream_{address}"
