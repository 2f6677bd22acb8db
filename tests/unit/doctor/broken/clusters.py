"""Clusters of adapters."""

from collections.abc import Callable
from typing import Any

from tests.unit.doctor.broken.mistake import Broken, Change
from tests.unit.doctor.configurations import EXTENSIONS, Parts

UPSTREAM_TLS = f"{EXTENSIONS}transport_sockets.tls.v3.UpstreamTlsContext"
VERIFYING = {
    "trusted_ca": {"filename": "ca.pem"},
    "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "adapter"}}],
}
SETTINGS = {"has_settings": True, "drain_s": 2.5}


def tls(parts: Parts, **common: Any) -> None:
    """Let Envoy connect to the adapters by TLS."""
    for cluster in parts.bootstrap["static_resources"]["clusters"][:2]:
        context = {"alpn_protocols": ["h2"], "validation_context": VERIFYING, **common}
        cluster["transport_socket"] = {
            "typed_config": {"@type": UPSTREAM_TLS, "common_tls_context": context}
        }


def of_clusters(change: Callable[[dict[str, Any]], Any]) -> Change:
    """Change the cluster for Checks."""
    return lambda parts: change(parts.cluster)


def plain(parts: Parts) -> None:
    """Adapters elsewhere in the network."""
    for cluster in parts.bootstrap["static_resources"]["clusters"][:2]:
        for endpoint in cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]:
            endpoint["endpoint"]["address"]["socket_address"]["address"] = "10.0.0.7"


def only_log_cluster_is_right(parts: Parts) -> None:
    """Checks go to another port, so the log's cluster is not to blame."""
    for endpoint in parts.cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]:
        endpoint["endpoint"]["address"]["socket_address"]["port_value"] = "9103"


BROKEN = (
    Broken("cluster_missing", lambda p: p.service["envoy_grpc"].update(cluster_name="adaptor")),
    Broken("no_endpoints", of_clusters(lambda c: c["load_assignment"]["endpoints"].clear())),
    Broken("no_http2", of_clusters(lambda c: c.pop("typed_extension_protocol_options"))),
    Broken("health_check_missing", of_clusters(lambda c: c.pop("health_checks"))),
    Broken(
        "health_check_kind", of_clusters(lambda c: c["health_checks"][0].pop("grpc_health_check"))
    ),
    Broken(
        "no_traffic_interval",
        of_clusters(lambda c: c["health_checks"][0].pop("no_traffic_interval")),
    ),
    Broken(
        "no_traffic_interval",
        of_clusters(lambda c: c["health_checks"][0].update(no_traffic_interval="45s")),
    ),
    Broken("outlier_detection", of_clusters(lambda c: c.pop("outlier_detection"))),
    Broken(
        "outlier_detection_split",
        of_clusters(
            lambda c: c["outlier_detection"].update(split_external_local_origin_errors=True)
        ),
    ),
    Broken(
        "circuit_breaker_requests",
        of_clusters(lambda c: c["circuit_breakers"]["thresholds"][0].pop("max_requests")),
    ),
    Broken(
        "circuit_breaker_retries",
        of_clusters(lambda c: c["circuit_breakers"]["thresholds"][0].pop("max_retries")),
    ),
    Broken("connect_timeout", of_clusters(lambda c: c.pop("connect_timeout"))),
    Broken("update_merge_window", of_clusters(lambda c: c.pop("common_lb_config"))),
    Broken("drain_short", lambda _: None, adapter={"has_settings": True, "drain_s": 1.0}),
    Broken(
        "one_endpoint",
        of_clusters(lambda c: c["load_assignment"]["endpoints"][0]["lb_endpoints"].pop()),
    ),
    Broken("endpoints_elsewhere", lambda _: None, adapter={"listens": "0.0.0.0:9103"}),
    Broken("endpoints_elsewhere", lambda _: None, adapter={"listens": "unix:/run/a.sock"}),
    Broken(
        "worker_missing",
        lambda _: None,
        adapter={"listens": "0.0.0.0:9001", "other_workers": ("0.0.0.0:9002", "0.0.0.0:9003")},
    ),
    Broken("endpoints_elsewhere", only_log_cluster_is_right, adapter={"listens": "127.0.0.1:9001"}),
    Broken("tls_missing", lambda _: None, adapter={**SETTINGS, "serves_tls": True}),
    Broken("tls_unexpected", tls, adapter=SETTINGS),
    Broken("tls_plain", plain),
    Broken("tls_unverified", lambda p: tls(p, validation_context={})),
    Broken(
        "tls_any_name", lambda p: tls(p, validation_context={"trusted_ca": {"filename": "ca.pem"}})
    ),
    Broken("tls_alpn", lambda p: tls(p, alpn_protocols=[])),
    Broken(
        "tls_certificate",
        tls,
        adapter={**SETTINGS, "serves_tls": True, "asks_for_certificate": True},
    ),
    Broken(
        "health_check_interval",
        of_clusters(lambda c: c["health_checks"][0].update(interval="30s")),
    ),
    Broken("logical_dns", of_clusters(lambda c: c.update(type="LOGICAL_DNS"))),
    Broken(
        "health_check_interval",
        of_clusters(lambda c: c["health_checks"][0].update(unhealthy_threshold=20)),
    ),
)
