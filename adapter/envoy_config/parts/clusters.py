"""Envoy's clusters: for requests, Checks and access logs."""

from collections.abc import Sequence

from adapter.envoy_config.config import ApiRoute, EnvoyConfig
from adapter.envoy_config.parts.addresses import address_of, is_name
from adapter.envoy_config.parts.tree import Tree, seconds, typed
from adapter.envoy_config.parts.upstream_tls import adapter_socket, upstream_socket


def adapter_clusters(config: EnvoyConfig) -> list[Tree]:
    """The clusters for Checks and for access logs.

    Access logs have a separate one, so that they do not share a circuit breaker with Checks.
    """
    return [_adapter_cluster(name, config) for name in ("adapter", "adapter_als")]


def upstream_clusters(config: EnvoyConfig) -> list[Tree]:
    """One cluster for each service behind Envoy."""
    upstreams = {cluster_name(route): route for route in config.apis}
    return [
        {
            **_cluster(name, (route.upstream,), http2=route.grpc),
            **upstream_socket(route, config.upstream_ca_file),
        }
        for name, route in upstreams.items()
    ]


def cluster_name(route: ApiRoute) -> str:
    """The name of the cluster of the route's upstream."""
    return f"upstream_tls_{route.upstream}" if route.tls else f"upstream_{route.upstream}"


def _adapter_cluster(name: str, config: EnvoyConfig) -> Tree:
    """All adapters, with health checks. One that stops answering is left out within seconds."""
    return {
        **_cluster(name, config.adapters, http2=True),
        **adapter_socket(config),
        "lb_policy": "ROUND_ROBIN",
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
        **health_options(seconds(config.health_interval_s)),
    }


def health_options(interval: str) -> Tree:
    """How Envoy notices that an adapter stops or hangs."""
    return {
        # By default Envoy may apply a change of health up to a second late. During a rolling
        # restart it would still send Checks to an adapter that reports NOT_SERVING.
        "common_lb_config": {"update_merge_window": "0s"},
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
