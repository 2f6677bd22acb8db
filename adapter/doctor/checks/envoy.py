"""Envoy itself: its version, its admin interface, and what it has counted."""

import ipaddress
from collections.abc import Iterator

from adapter.doctor.check import Check, Spot
from adapter.doctor.fields import text, tree
from adapter.doctor.finding import Place, Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Envoy

_OLDEST = (1, 36)
_NEWEST = (1, 40)


def _version(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    major, _dot, rest = envoy.version.partition(".")
    minor = rest.partition(".")[0]
    if envoy.version and not _OLDEST <= (int(major), int(minor)) <= _NEWEST:
        yield Place(), envoy.version


def _admin(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    host = text(tree(envoy.admin, "socket_address"), "address")
    try:
        is_local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = host in {"", "localhost"}
    if not is_local:
        yield Place(), host


def _rejected(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    return ((place, "") for place in sorted(envoy.rejected, key=str))


def _sum(envoy: Envoy, suffix: str) -> int:
    return sum(n for name, n in envoy.counters.items() if name.endswith(suffix))


def _let_through(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    if count := _sum_of_listeners(envoy, ".ext_authz.failure_mode_allowed"):
        yield Place(), f"{count} requests"


def _failed(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    if count := _sum_of_listeners(envoy, ".ext_authz.error"):
        yield Place(), f"{count} Checks"


def _sum_of_listeners(envoy: Envoy, suffix: str) -> int:
    """Envoy counts twice: for the listener and for the route's cluster."""
    return sum(
        n
        for name, n in envoy.counters.items()
        if name.startswith("http.") and name.endswith(suffix)
    )


def _dropped(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    if count := _sum(envoy, "grpc_access_log.logs_dropped"):
        yield Place(), f"{count} entries"


CHECKS = (
    Check(
        "envoy_version",
        Severity.WARNING,
        "The adapter is tested with Envoy 1.36 to 1.40.",
        "Use one of these versions.",
        _version,
    ),
    Check(
        "admin_exposed",
        Severity.WARNING,
        "Everybody who reaches the admin interface can read the token and stop Envoy.",
        "Let the admin interface listen on 127.0.0.1.",
        _admin,
    ),
    Check(
        "update_rejected",
        Severity.WARNING,
        "Envoy refused the last update and continues with an older configuration.",
        "Look for the reason in Envoy's log, and correct the configuration.",
        _rejected,
    ),
    Check(
        "requests_let_through",
        Severity.ERROR,
        "Since its start, Envoy has let requests through because the adapter did not answer.",
        "Remove failure_mode_allow from the ext_authz filter.",
        _let_through,
    ),
    Check(
        "checks_failed",
        Severity.NOTE,
        "Since its start, Envoy got no usable answer to these Checks.",
        "Compare with adapter_call_errors_total of the adapters.",
        _failed,
    ),
    Check(
        "entries_dropped",
        Severity.WARNING,
        "Since its start, Envoy has dropped access log entries, which are missing in the "
        "analytics.",
        "Set a larger buffer_size_bytes, and see whether the adapters are overloaded.",
        _dropped,
    ),
)
