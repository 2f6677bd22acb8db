"""The clusters of adapters: whether they can be reached, and whether there is room."""

from collections.abc import Iterator

from adapter.doctor.check import Check, Spot, adapter_clusters, per_cluster
from adapter.doctor.fields import Tree, number, seconds, text, tree, trees
from adapter.doctor.finding import Place, Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Cluster, Envoy

_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_ENOUGH_REQUESTS = 10_000
_ENOUGH_RETRIES = 50
_NO_LIMIT = 1_000_000_000
_SOCKETS = {"unix": "", "unix-abstract": "@"}
"""How a pipe's path begins in Envoy, by the scheme of `listener.address`."""


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


def _thresholds(cluster: Cluster, name: str) -> float | None:
    """The threshold for normal requests, if it is set."""
    for threshold in trees(tree(cluster.config, "circuit_breakers"), "thresholds"):
        if text(threshold, "priority") in {"", "DEFAULT"}:
            return number(threshold, name)
    return None


def is_unlimited(cluster: Cluster) -> bool:
    """Whether no number of requests trips the circuit breaker, as in Istio."""
    return (_thresholds(cluster, "max_requests") or 0) >= _NO_LIMIT


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


def _no_endpoints(cluster: Cluster, _: KnownAdapter) -> bool:
    return not cluster.addresses and not cluster.discovers_endpoints


def _elsewhere(cluster: Cluster, adapter: KnownAdapter) -> str | None:
    if not adapter.listens or not cluster.addresses or reaches(cluster, adapter):
        return None
    return f"listener.address is {adapter.listens}"


def _idle_workers(cluster: Cluster, adapter: KnownAdapter) -> str | None:
    if not adapter.listens or not reaches(cluster, adapter):
        return None
    idle = [
        worker
        for worker in adapter.other_workers
        if not any(_is_at(address, worker) for address in cluster.addresses)
    ]
    return ", ".join(idle)


def reaches(cluster: Cluster, adapter: KnownAdapter) -> bool:
    """Whether an endpoint has the port or the socket of `listener.address`.

    Hosts are not compared, because each machine has several names.
    """
    return any(_is_at(address, adapter.listens) for address in cluster.addresses)


def _is_at(address: Tree, listens: str) -> bool:
    kind, _, name = listens.partition(":")
    if kind in _SOCKETS:
        return text(tree(address, "pipe"), "path") == f"{_SOCKETS[kind]}{name}"
    port = number(tree(address, "socket_address"), "port_value")
    return port is not None and listens.endswith(f":{port:.0f}")


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
        "endpoints_elsewhere",
        Severity.WARNING,
        "No endpoint of the cluster has the port or the socket that the adapter listens on.",
        "Correct the endpoints or listener.address. A container can map one port to another.",
        per_cluster(_elsewhere),
    ),
    Check(
        "worker_missing",
        Severity.WARNING,
        "A worker of the adapter has no endpoint in the cluster, so it gets no calls.",
        "Add one endpoint for each worker, as policy-adapter envoy-config writes them.",
        per_cluster(_idle_workers),
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
        "logical_dns",
        Severity.WARNING,
        "Envoy uses only one address of the name at a time, so one adapter gets all Checks.",
        "Set type: STRICT_DNS.",
        per_cluster(lambda cluster, _: text(cluster.config, "type") == "LOGICAL_DNS"),
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
        "one_endpoint",
        Severity.NOTE,
        "While the only adapter restarts, all requests fail.",
        "Run two adapter processes, and give the cluster one endpoint for each.",
        per_cluster(lambda cluster, _: len(cluster.addresses) == 1),
    ),
)
