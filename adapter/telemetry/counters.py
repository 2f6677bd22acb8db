"""Counts as metrics what the parts tell their observers."""

from collections import Counter
from collections.abc import Callable
from typing import ClassVar

from adapter.analytics.observer import AnalyticsObserver, DropReason, Unattributed
from adapter.identity.jwks.observer import FetchResult, KeySetObserver
from adapter.platform_client.reports.observer import ReportObserver, ReportResult
from adapter.platform_client.sync.observer import PollKind, SyncObserver
from adapter.telemetry.metrics import Metrics
from adapter.telemetry.refused_callers import RefusedCallers
from adapter.telemetry.unchecked_requests import UncheckedRequests
from adapter.telemetry.workload_envoys import WorkloadEnvoys
from adapter.transport.observer import TransportObserver


class CallCounters(TransportObserver):
    """Counts failed calls, and reports refused callers.

    Decisions are counted by `DecisionCounts`, which costs a Check less.
    """

    def __init__(self, metrics: Metrics, refused: RefusedCallers) -> None:
        self._metrics = metrics
        self._refused = refused

    def call_failed(self, path: str, code: int) -> None:
        """See the base class."""
        method = path.rpartition("/")[2]
        self._metrics.add("adapter_call_errors", method=method, code=str(code))

    def caller_refused(self, kind: str, peer: str, detail: str) -> None:
        """See the base class."""
        self._refused.add(kind, peer, detail)


class SyncCounters(SyncObserver):
    """Counts polls, publications and disk copies; `after_publish` is called after each."""

    def __init__(self, metrics: Metrics, after_publish: Callable[[], None]) -> None:
        self._metrics = metrics
        self._after_publish = after_publish

    def poll_succeeded(self, kind: PollKind) -> None:
        """See the base class."""
        self._metrics.add("adapter_sync_polls", kind=kind, result="succeeded")

    def poll_failed(self, kind: PollKind, error: str) -> None:
        """See the base class."""
        self._metrics.add("adapter_sync_polls", kind=kind, result=error)

    def published(self, apis: int) -> None:
        """See the base class."""
        self._metrics.add("adapter_apis_published", apis)
        self._after_publish()

    def secret_forms_unknown(self, count: int) -> None:
        """See the base class."""
        self._metrics.add("adapter_secret_forms_unknown", count)

    def disk_written(self, byte_count: int) -> None:
        """See the base class."""
        self._metrics.add("adapter_disk_copy_bytes", byte_count)
        self._metrics.add("adapter_disk_copies", result="written")

    def disk_failed(self) -> None:
        """See the base class."""
        self._metrics.add("adapter_disk_copies", result="failed")

    def disk_rejected(self) -> None:
        """See the base class."""
        self._metrics.add("adapter_disk_copies", result="rejected")


class ReportCounters(ReportObserver):
    """Counts reports to the platform."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def reported(self, result: ReportResult) -> None:
        """See the base class."""
        self._metrics.add("adapter_reports", result=result)


class AnalyticsCounters(AnalyticsObserver):
    """Counts entries, events and uploads, and reports what is unsafe about the Envoys."""

    def __init__(
        self, metrics: Metrics, unchecked: UncheckedRequests, workloads: WorkloadEnvoys
    ) -> None:
        self._metrics = metrics
        self._unchecked = unchecked
        self._workloads = workloads
        self.losses: Counter[str] = Counter()
        """Events that were lost since the start, by reason. An entry that cannot be read is one."""

    def events_offered(self, count: int) -> None:
        """See the base class."""
        self._metrics.add("adapter_events", count, outcome="made")

    def dropped(self, reason: DropReason, count: int) -> None:
        """See the base class."""
        self._metrics.add("adapter_events", count, outcome=f"dropped_{reason}")
        self.losses[reason] += count

    def uploaded(self, count: int) -> None:
        """See the base class."""
        self._metrics.add("adapter_events", count, outcome="uploaded")

    def upload_failed(self, kind: str) -> None:
        """See the base class."""
        self._metrics.add("adapter_upload_failures", kind=kind)

    def unattributed(self, reason: Unattributed) -> None:
        """See the base class."""
        self._metrics.add("adapter_entries_unattributed", reason=reason)

    def unchecked(self, api_id: str) -> None:
        """See the base class."""
        self._metrics.add("adapter_unchecked_requests", api=api_id)
        self._unchecked.add(api_id)

    def envoy_seen(self, node: str) -> None:
        """See the base class."""
        self._workloads.add(node)

    def broken_entry(self) -> None:
        """See the base class."""
        self._metrics.add("adapter_entries_broken")
        self.losses["broken_entry"] += 1


class _CollectorCounters(AnalyticsObserver):
    """Counts what a collector of OpenTelemetry gets, by two metrics of the table."""

    items: ClassVar[str]
    failures: ClassVar[str]

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def dropped(self, reason: DropReason, count: int) -> None:
        """See the base class."""
        self._metrics.add(self.items, count, outcome=f"dropped_{reason}")

    def uploaded(self, count: int) -> None:
        """See the base class."""
        self._metrics.add(self.items, count, outcome="exported")

    def upload_failed(self, kind: str) -> None:
        """See the base class."""
        self._metrics.add(self.failures, kind=kind)


class OtlpLogCounters(_CollectorCounters):
    """Counts events for a collector of OpenTelemetry."""

    items = "adapter_otlp_logs"
    failures = "adapter_otlp_log_failures"


class SpanCounters(_CollectorCounters):
    """Counts spans."""

    items = "adapter_spans"
    failures = "adapter_span_failures"


class KeySetCounters(KeySetObserver):
    """Counts fetches of key sets."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def fetched(self, result: FetchResult) -> None:
        """See the base class."""
        self._metrics.add("adapter_key_fetches", result=result)
