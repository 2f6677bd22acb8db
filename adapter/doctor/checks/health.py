"""Whether Envoy notices that an adapter fails, hangs or stops."""

from adapter.doctor.check import Check, per_cluster
from adapter.doctor.fields import Tree, flag, number, seconds, tree, trees
from adapter.doctor.finding import Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Cluster

_RARE_S = 10.0
_DEFAULT_MERGE_S = 1.0


def _checks(cluster: Cluster) -> list[Tree]:
    return trees(cluster.config, "health_checks")


def _rare_checks(cluster: Cluster, _: KnownAdapter) -> str | None:
    """The time until Envoy leaves out an adapter that fails, if it is long."""
    times = [
        (seconds(check, "interval") or 0) * max(1, number(check, "unhealthy_threshold") or 1)
        for check in _checks(cluster)
    ]
    return f"{max(times):g} s" if times and max(times) > _RARE_S else None


def _idle_checks(cluster: Cluster, _: KnownAdapter) -> str | None:
    for check in _checks(cluster):
        pause, interval = seconds(check, "no_traffic_interval"), seconds(check, "interval") or 0
        if pause is None:
            return "not set, so 60 s"
        if pause > max(_RARE_S, 2 * interval):
            return f"{pause:g} s"
    return None


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


CHECKS = (
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
        "For this long, Envoy sends requests to an adapter that hangs or stops.",
        "Set interval: 1s and unhealthy_threshold: 1 in the health check.",
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
