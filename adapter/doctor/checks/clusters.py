"""The clusters of adapters: whether a failing adapter is noticed, and whether there is room."""

from collections.abc import Iterator

from adapter.doctor.check import Check, Spot, adapter_clusters, per_cluster
from adapter.doctor.fields import Tree, flag, number, seconds, text, tree, trees
from adapter.doctor.finding import Place, Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Cluster, Envoy

_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_RARE_S = 10.0
_ENOUGH_REQUESTS = 10_000
_ENOUGH_RETRIES = 50
_DEFAULT_MERGE_S = 1.0


def _missing(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    for name in adapter_clusters(envoy):
        if name not in envoy.clusters:
            yield Place(cluster=name), ""


def _speaks_http2(cluster: Cluster) -> bool:
    options = tree(cluster.config, "typed_extension_protocol_options", _PROTOCOL)
    explicit = tree(options, "explicit_http_config")
    return (
        "http2_protocol_options" in explicit
        or "http2_protocol_options" in cluster.config
        or "http2_protocol_options" in tree(options, "use_downstream_protocol_config")
        or "auto_config" in options
    )


def _checks(cluster: Cluster) -> list[Tree]:
    return trees(cluster.config, "health_checks")


def _rare_checks(cluster: Cluster, _: KnownAdapter) -> str | None:
    intervals = [seconds(check, "interval") or 0 for check in _checks(cluster)]
    return f"{max(intervals):g} s" if intervals and max(intervals) > _RARE_S else None


def _idle_checks(cluster: Cluster, _: KnownAdapter) -> str | None:
    for check in _checks(cluster):
        pause, interval = seconds(check, "no_traffic_interval"), seconds(check, "interval") or 0
        if pause is None:
            return "not set, so 60 s"
        if pause > max(_RARE_S, 2 * interval):
            return f"{pause:g} s"
    return None


def _thresholds(cluster: Cluster, name: str) -> float | None:
    """The threshold for normal requests, if it is set."""
    for threshold in trees(tree(cluster.config, "circuit_breakers"), "thresholds"):
        if text(threshold, "priority") in {"", "DEFAULT"}:
            return number(threshold, name)
    return None


def _few_requests(cluster: Cluster, _: KnownAdapter) -> str | None:
    found = {
        name: _thresholds(cluster, name) or 1024
        for name in ("max_requests", "max_pending_requests")
    }
    low = [f"{name}: {value:.0f}" for name, value in found.items() if value < _ENOUGH_REQUESTS]
    return ", ".join(low)


def _few_retries(cluster: Cluster, _: KnownAdapter) -> str | None:
    most = _thresholds(cluster, "max_retries")
    most = 3 if most is None else most
    budget = any(
        "retry_budget" in t for t in trees(tree(cluster.config, "circuit_breakers"), "thresholds")
    )
    return f"max_retries: {most:.0f}" if most < _ENOUGH_RETRIES and not budget else None


def _slow_connect(cluster: Cluster, _: KnownAdapter) -> str | None:
    timeout = seconds(cluster.config, "connect_timeout")
    timeout = 5.0 if timeout is None else timeout
    return f"{timeout:g} s" if timeout > 1 else None


def _merge_window(cluster: Cluster) -> float:
    window = seconds(tree(cluster.config, "common_lb_config"), "update_merge_window")
    return _DEFAULT_MERGE_S if window is None else window


def _short_drain(cluster: Cluster, adapter: KnownAdapter) -> str | None:
    if not adapter.has_settings or not _checks(cluster):
        return None
    check = _checks(cluster)[0]
    needed = (seconds(check, "interval") or 0) + (seconds(check, "timeout") or 0)
    needed += _merge_window(cluster)
    short = adapter.drain_s < needed
    return f"{adapter.drain_s:g} s, and Envoy needs {needed:g} s" if short else None


def _unhealthy(cluster: Cluster, _: KnownAdapter) -> str | None:
    healthy, total = cluster.healthy, len(cluster.addresses)
    some = healthy is not None and 0 < healthy < total
    return f"{total - (healthy or 0)} of {total}" if some else None


def _unreachable(cluster: Cluster, _: KnownAdapter) -> bool:
    return cluster.healthy == 0


def _no_endpoints(cluster: Cluster, _: KnownAdapter) -> bool:
    return not cluster.addresses and not cluster.discovers_endpoints


CHECKS = (
    Check(
        "cluster_missing",
        Severity.ERROR,
        "The filter or access logger names a cluster that does not exist.",
        "Add the cluster of the adapters, or correct cluster_name.",
        _missing,
    ),
    Check(
        "no_endpoints",
        Severity.ERROR,
        "The cluster has no endpoint, so no adapter is ever asked.",
        "Add one endpoint for each adapter process.",
        per_cluster(_no_endpoints),
    ),
    Check(
        "no_http2",
        Severity.ERROR,
        "gRPC needs HTTP/2, and the cluster speaks HTTP/1, so every call fails.",
        "Set explicit_http_config: {http2_protocol_options: {}} in "
        "typed_extension_protocol_options, "
        "under envoy.extensions.upstreams.http.v3.HttpProtocolOptions.",
        per_cluster(lambda cluster, _: not _speaks_http2(cluster)),
    ),
    Check(
        "health_check_missing",
        Severity.WARNING,
        "Envoy does not notice that an adapter hangs or is about to stop.",
        "Add health_checks with grpc_health_check: {} and an interval of 1s.",
        per_cluster(lambda cluster, _: not _checks(cluster)),
    ),
    Check(
        "health_check_kind",
        Severity.WARNING,
        "Only a gRPC health check sees that an adapter is about to stop.",
        "Use grpc_health_check: {}.",
        per_cluster(
            lambda cluster, _: any("grpc_health_check" not in c for c in _checks(cluster)),
        ),
    ),
    Check(
        "health_check_interval",
        Severity.WARNING,
        "Until the next health check, Envoy sends requests to an adapter that hangs or stops.",
        "Set the interval of the health check to 1s.",
        per_cluster(_rare_checks),
    ),
    Check(
        "no_traffic_interval",
        Severity.WARNING,
        "Envoy checks an adapter that had no traffic this rarely, so a fresh or idle Envoy sends "
        "requests to one that is down.",
        "Set no_traffic_interval to the interval, for example 1s.",
        per_cluster(_idle_checks),
    ),
    Check(
        "outlier_detection",
        Severity.NOTE,
        "An adapter that passes health checks and fails Checks is not left out.",
        "Add outlier_detection with consecutive_5xx: 5 and base_ejection_time: 5s.",
        per_cluster(lambda cluster, _: "outlier_detection" not in cluster.config),
    ),
    Check(
        "outlier_detection_split",
        Severity.WARNING,
        "With split_external_local_origin_errors, Envoy does not count timeouts of Checks, so a "
        "hung adapter stays in use.",
        "Remove split_external_local_origin_errors.",
        per_cluster(
            lambda cluster, _: flag(
                tree(cluster.config, "outlier_detection"), "split_external_local_origin_errors"
            )
        ),
    ),
    Check(
        "circuit_breaker_requests",
        Severity.WARNING,
        "Above this number of simultaneous Checks (1024 by default), Envoy fails requests at once.",
        "Set max_requests and max_pending_requests in circuit_breakers to 20000.",
        per_cluster(_few_requests),
    ),
    Check(
        "circuit_breaker_retries",
        Severity.WARNING,
        "Envoy makes only this many retries at the same time (3 by default), so requests fail "
        "while an adapter restarts.",
        "Set max_retries in circuit_breakers to 200.",
        per_cluster(_few_retries),
    ),
    Check(
        "connect_timeout",
        Severity.WARNING,
        "While an adapter's host does not answer, requests wait this long for a connection.",
        "Set connect_timeout, for example 0.25s.",
        per_cluster(_slow_connect),
    ),
    Check(
        "update_merge_window",
        Severity.NOTE,
        "Envoy may use a change of health up to a second late.",
        "Set common_lb_config: {update_merge_window: 0s}, or make shutdown.drain_s a second "
        "longer.",
        per_cluster(lambda cluster, _: bool(_checks(cluster)) and _merge_window(cluster) > 0),
    ),
    Check(
        "drain_short",
        Severity.WARNING,
        "The adapter stops before Envoy has noticed it, so a rolling restart loses requests.",
        "Raise shutdown.drain_s above interval, timeout and update_merge_window together.",
        per_cluster(_short_drain),
    ),
    Check(
        "one_endpoint",
        Severity.NOTE,
        "While the only adapter restarts, all requests fail.",
        "Run two adapter processes, and give the cluster one endpoint for each.",
        per_cluster(lambda cluster, _: len(cluster.addresses) == 1),
    ),
    Check(
        "endpoints_unhealthy",
        Severity.WARNING,
        "Envoy leaves these adapters out, because they do not answer or are stopping.",
        "Look at the log and at /readyz of these adapters.",
        per_cluster(_unhealthy),
    ),
    Check(
        "adapter_unreachable",
        Severity.ERROR,
        "Envoy can use no endpoint of the cluster, so Checks fail.",
        "Start the adapter, and compare its address, TLS and socket permissions with the cluster.",
        per_cluster(_unreachable),
    ),
)
