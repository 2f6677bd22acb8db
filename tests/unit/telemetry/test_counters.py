"""What the parts tell of themselves reaches the metrics that operators read."""

from collections.abc import Callable

import pytest

from adapter.analytics.observer import DropReason, Unattributed
from adapter.telemetry.counters import AnalyticsCounters, CallCounters, SyncCounters
from adapter.telemetry.metrics import Metrics
from adapter.telemetry.refused_callers import RefusedCallers
from adapter.telemetry.unchecked_requests import UncheckedRequests
from adapter.telemetry.workload_envoys import WorkloadEnvoys
from tests.rig.clock import FakeClock


async def shown(report: Callable[[Metrics], None]) -> list[str]:
    """The samples that are there after the report."""
    metrics = Metrics()
    report(metrics)
    text = (await metrics.render()).decode()
    return [line for line in text.splitlines() if line.startswith("adapter_")]


def sync(metrics: Metrics) -> SyncCounters:
    """Those of the sync; nothing follows a publication."""
    return SyncCounters(metrics, lambda: None)


def calls(metrics: Metrics) -> CallCounters:
    """Those of gRPC calls."""
    return CallCounters(metrics, RefusedCallers(FakeClock()))


def analytics_counters(metrics: Metrics) -> AnalyticsCounters:
    """Those of entries and events."""
    return AnalyticsCounters(metrics, UncheckedRequests(FakeClock()), WorkloadEnvoys(tuple))


@pytest.mark.parametrize(
    ("report", "sample"),
    [
        (
            lambda t: calls(t).call_failed("/a.b.Authorization/Check", 8),
            'adapter_call_errors_total{code="8",method="Check"} 1.0',
        ),
        (
            lambda t: sync(t).poll_succeeded("instances"),
            'adapter_sync_polls_total{kind="instances",result="succeeded"} 1.0',
        ),
        (
            lambda t: sync(t).poll_failed("api", "DocumentError"),
            'adapter_sync_polls_total{kind="api",result="DocumentError"} 1.0',
        ),
        (lambda t: sync(t).published(3), "adapter_apis_published_total 3.0"),
        (lambda t: sync(t).secret_forms_unknown(2), "adapter_secret_forms_unknown_total 2.0"),
        (lambda t: sync(t).disk_written(7), "adapter_disk_copy_bytes_total 7.0"),
        (lambda t: sync(t).disk_written(7), 'adapter_disk_copies_total{result="written"} 1.0'),
        (lambda t: sync(t).disk_failed(), 'adapter_disk_copies_total{result="failed"} 1.0'),
        (lambda t: sync(t).disk_rejected(), 'adapter_disk_copies_total{result="rejected"} 1.0'),
        (
            lambda t: analytics_counters(t).events_offered(5),
            'adapter_events_total{outcome="made"} 5.0',
        ),
        (
            lambda t: analytics_counters(t).dropped(DropReason.SPOOL_FULL, 4),
            'adapter_events_total{outcome="dropped_spool_full"} 4.0',
        ),
        (
            lambda t: analytics_counters(t).uploaded(6),
            'adapter_events_total{outcome="uploaded"} 6.0',
        ),
        (
            lambda t: analytics_counters(t).upload_failed("unavailable"),
            'adapter_upload_failures_total{kind="unavailable"} 1.0',
        ),
        (
            lambda t: analytics_counters(t).unattributed(Unattributed.UNBOUND),
            'adapter_entries_unattributed_total{reason="unbound"} 1.0',
        ),
        (
            lambda t: analytics_counters(t).unchecked("7"),
            'adapter_unchecked_requests_total{api="7"} 1.0',
        ),
        (lambda t: analytics_counters(t).broken_entry(), "adapter_entries_broken_total 1.0"),
    ],
)
async def test_each_report_is_a_sample(report: Callable[[Metrics], None], sample: str) -> None:
    """Under the name, and with the labels, that docs/operations.md tells operators."""
    assert sample in await shown(report)


def test_losses_are_counted_by_reason() -> None:
    """So that one place says what was lost since the start."""
    counters = analytics_counters(Metrics())
    counters.events_offered(9)
    counters.dropped(DropReason.SPOOL_FULL, 4)
    counters.dropped(DropReason.SPOOL_FULL, 1)
    counters.dropped(DropReason.REJECTED, 2)
    counters.broken_entry()
    assert counters.losses == {"spool_full": 5, "rejected": 2, "broken_entry": 1}


async def test_the_sync_tells_who_wants_to_know_of_publications() -> None:
    """The garbage collector's rest is due after each."""
    published: list[bool] = []
    await shown(lambda t: SyncCounters(t, lambda: published.append(True)).published(1))
    assert published == [True]
