"""Metrics that are read from the parts of the adapter when they are rendered."""

from collections.abc import Callable, Mapping, Sequence

from adapter.app.analytics import Analytics
from adapter.app.bindings import Bindings
from adapter.app.checks import Checks
from adapter.app.identity import Identity
from adapter.app.platform import Platform
from adapter.app.quotas import Quotas
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.policy.snapshot import Api
from adapter.runtime.clock import Clock
from adapter.telemetry.metrics import Metrics
from adapter.transport.http2.server import AsyncioServer
from adapter.transport.service import Server


def observe_bindings(metrics: Metrics, bindings: Bindings) -> None:
    """Metrics of the operator's bindings."""
    _observe_numbers(
        metrics,
        {
            "adapter_bindings": lambda: bindings.count,
            "adapter_bindings_kept": lambda: bindings.are_kept,
        },
    )


def observe_checks(metrics: Metrics, checks: Checks, quotas: Quotas) -> None:
    """Metrics of decisions, quotas, spike control and the message log."""
    metrics.observe_durations(checks.decisions)
    metrics.observe("adapter_decisions", lambda: checks.decisions.counts)
    metrics.observe(
        "adapter_ldap_users",
        lambda: {(result,): count for result, count in checks.users.counts.items()},
    )
    metrics.observe(
        "adapter_checks_dropped",
        lambda: {(reason,): count for reason, count in checks.waiting.dropped.items()},
    )
    _observe_numbers(
        metrics,
        {
            "adapter_checks_waiting": lambda: checks.waiting.now,
            "adapter_unbound_requests_left_out": lambda: checks.discovered.left_out,
            "adapter_quota_windows": lambda: len(quotas.memory),
            "adapter_quota_refused": lambda: quotas.overloads,
            "adapter_quota_multiplier": lambda: quotas.multiplier,
            "adapter_spike_waiting": lambda: checks.spikes.waiting,
            "adapter_spike_refused": lambda: checks.spikes.overloads,
            "adapter_messages_dropped": lambda: checks.messages.dropped,
        },
    )
    shared = quotas.shared
    if shared is not None:
        _observe_numbers(
            metrics,
            {
                "adapter_quota_store_up": lambda: shared.status.available,
                "adapter_quota_store_failures": lambda: shared.status.failed_charges,
                "adapter_quota_charges_without_store": lambda: shared.status.charges_without,
            },
        )


def observe_platform(
    metrics: Metrics, platform: Platform, snapshots: SnapshotStore, clock: Clock
) -> None:
    """Metrics of the snapshot: what is in it, and its age."""

    def apis() -> Sequence[Api]:
        return tuple(snapshots.current.apis.values())

    def by_state(total: int, closed: int, otherwise: str) -> Mapping[tuple[str, ...], float]:
        return {(otherwise,): total - closed, ("closed",): closed}

    def age() -> Mapping[tuple[str, ...], float]:
        contact = platform.sync.last_contact()
        return {} if contact is None else {(): clock.now() - contact}

    metrics.observe(
        "adapter_apis", lambda: by_state(len(apis()), sum(bool(a.faults) for a in apis()), "open")
    )
    metrics.observe(
        "adapter_contracts",
        lambda: by_state(
            sum(len(a.contracts) for a in apis()),
            sum(a.closed_contracts for a in apis()),
            "active",
        ),
    )
    metrics.observe("adapter_sync_age_seconds", age)
    _observe_numbers(
        metrics,
        {
            "adapter_policies_ignored": lambda: sum(len(a.ignored) for a in apis()),
            "adapter_snapshot_revision": lambda: snapshots.current.revision,
        },
    )


def observe_edges(metrics: Metrics, server: Server, analytics: Analytics) -> None:
    """Metrics of events that wait, and of faults of the gRPC server's peers."""
    spool = analytics.spool
    _observe_numbers(
        metrics,
        {
            "adapter_events_waiting": lambda: spool.backlog.events,
            "adapter_events_waiting_bytes": lambda: spool.backlog.bytes,
            "adapter_events_quarantined": lambda: spool.quarantined.events,
        },
    )
    if isinstance(server, AsyncioServer):
        metrics.observe(
            "adapter_transport_faults",
            lambda: {(kind,): count for kind, count in server.counters.items()},
        )


def observe_identity(metrics: Metrics, identity: Identity) -> None:
    """Metrics of tokens, key sets and identity providers."""
    tokens = identity.tokens
    metrics.observe("adapter_tokens", lambda: {(r,): n for r, n in tokens.counts.items()})
    metrics.observe(
        "adapter_key_sets",
        lambda: {(state,): number for state, number in identity.key_sets_by_state.items()},
    )
    introspector = identity.introspection.introspector
    metrics.observe(
        "adapter_introspections", lambda: {(r,): n for r, n in introspector.counts.items()}
    )
    _observe_numbers(
        metrics,
        {
            "adapter_tokens_remembered": lambda: tokens.remembered,
            "adapter_introspections_running": lambda: introspector.load.running,
            "adapter_introspected_remembered": lambda: introspector.active.used,
            "adapter_introspected_evicted": lambda: introspector.active.evicted,
            "adapter_identity_providers_failing": lambda: introspector.load.failing,
        },
    )


def _observe_numbers(metrics: Metrics, numbers: Mapping[str, Callable[[], float]]) -> None:
    for name, read in numbers.items():
        metrics.observe(name, _unlabelled(read))


def _unlabelled(read: Callable[[], float]) -> Callable[[], Mapping[tuple[str, ...], float]]:
    return lambda: {(): read()}
