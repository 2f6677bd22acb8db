"""The access log service, which analytics are made from."""

from collections.abc import Iterable, Iterator

from adapter.doctor.check import (
    ACCESS_LOGGER,
    Check,
    Found,
    Spot,
    per_checked_chain,
    per_logger,
)
from adapter.doctor.checks.clusters import is_unlimited, reaches
from adapter.doctor.fields import Tree, number, seconds, text, texts, tree
from adapter.doctor.finding import Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Chain, Envoy, cluster_of

_ENOUGH_BYTES = 64 * 1024
_LATEST_S = 10.0
_STATUS = "grpc-status"
_SECRET = frozenset(
    {"authorization", "client_secret", "cookie", "proxy-authorization", "x-api-key"}
)


def _config(logger: Tree) -> Tree:
    return tree(logger, "typed_config")


def _shared(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    for chain in envoy.chains:
        asked = {asker.cluster for asker in chain.askers}
        for logger in chain.loggers:
            name = cluster_of(logger)
            cluster = envoy.clusters.get(name)
            if name in asked and not (cluster and is_unlimited(cluster)):
                yield chain.place_of_filter(text(logger, "name") or ACCESS_LOGGER), name


def _no_status(logger: Tree, _: Chain, __: KnownAdapter) -> str:
    names = ("additional_response_headers_to_log", "additional_response_trailers_to_log")
    return ", ".join(n for n in names if _STATUS not in texts(_config(logger), n))


def _small_buffer(logger: Tree, _: Chain, __: KnownAdapter) -> str | None:
    size = number(tree(_config(logger), "common_config"), "buffer_size_bytes")
    size = 16_384 if size is None else size
    return f"{size:.0f} bytes" if 0 < size < _ENOUGH_BYTES else None


def _late(logger: Tree, _: Chain, __: KnownAdapter) -> str | None:
    pause = seconds(tree(_config(logger), "common_config"), "buffer_flush_interval") or 0
    return f"{pause:g} s" if pause > _LATEST_S else None


def _secrets(logger: Tree, _: Chain, __: KnownAdapter) -> str:
    logged = texts(_config(logger), "additional_request_headers_to_log")
    return ", ".join(n for n in logged if n.lower() in _SECRET)


def _elsewhere(envoy: Envoy, adapter: KnownAdapter) -> Iterator[Spot]:
    for chain in envoy.chains:
        asked = _addresses(envoy, [asker.cluster for asker in chain.askers])
        for logger in chain.loggers:
            told = _addresses(envoy, [cluster_of(logger)])
            is_right = adapter.listens and _reaches(envoy, cluster_of(logger), adapter)
            if asked and told and not asked & told and not is_right:
                yield chain.place_of_filter(text(logger, "name")), cluster_of(logger)


def _reaches(envoy: Envoy, name: str, adapter: KnownAdapter) -> bool:
    return name in envoy.clusters and reaches(envoy.clusters[name], adapter)


def _addresses(envoy: Envoy, names: Iterable[str]) -> set[str]:
    clusters = [envoy.clusters[name] for name in names if name in envoy.clusters]
    return {str(address) for cluster in clusters for address in cluster.addresses}


def _filtered(logger: Tree, _: Chain, __: KnownAdapter) -> Found:
    return "filter" in logger


CHECKS = (
    Check(
        "access_log_missing",
        Severity.WARNING,
        "The adapter learns nothing of the requests' ends, so there are no analytics.",
        "Add an access log of type HttpGrpcAccessLogConfig to the HTTP connection manager.",
        per_checked_chain(lambda chain, _: not chain.loggers),
    ),
    Check(
        "access_log_cluster_shared",
        Severity.WARNING,
        "Access logs use the same cluster as Checks, so they share its circuit breakers.",
        "Give the access logger a cluster of its own, with the same endpoints.",
        _shared,
    ),
    Check(
        "access_log_elsewhere",
        Severity.WARNING,
        "The access log goes to other addresses than the Checks, so the adapters may not get it.",
        "Give the access logger's cluster the endpoints of the adapters.",
        _elsewhere,
    ),
    Check(
        "access_log_grpc_status",
        Severity.WARNING,
        "Denied gRPC calls are logged as HTTP 200, so analytics count failed calls as good ones.",
        "Add grpc-status to additional_response_headers_to_log and "
        "additional_response_trailers_to_log.",
        per_logger(_no_status),
    ),
    Check(
        "access_log_buffer",
        Severity.NOTE,
        "While the adapter does not read the stream, Envoy drops entries above this size.",
        "Set buffer_size_bytes: 262144.",
        per_logger(_small_buffer),
    ),
    Check(
        "access_log_flush",
        Severity.NOTE,
        "Envoy sends entries this late, and loses them if it ends before.",
        "Set buffer_flush_interval: 1s.",
        per_logger(_late),
    ),
    Check(
        "access_log_filtered",
        Severity.WARNING,
        "The logger has a filter, so some requests are missing in the analytics.",
        "Remove the filter of the access logger.",
        per_logger(_filtered),
    ),
    Check(
        "access_log_secrets",
        Severity.WARNING,
        "The entries contain credentials of clients, which the adapter does not need.",
        "Remove these names from additional_request_headers_to_log.",
        per_logger(_secrets),
    ),
)
