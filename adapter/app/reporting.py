"""Gathers what this adapter reports to our control plane."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from adapter.app.analytics import Analytics
from adapter.app.checks import Checks
from adapter.app.instance_id import instance_id
from adapter.app.platform import Platform
from adapter.app.quotas import Quotas
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.reports.report import (
    ReportedAdapter,
    ReportedApi,
    ReportedEvents,
    ReportedQuotas,
    ReportedServices,
)
from adapter.platform_client.reports.reporter import Reporter
from adapter.platform_client.sync.status import ApiStatus
from adapter.runtime.clock import Clock
from adapter.runtime.compiled import BUILD
from adapter.runtime.version import program_version
from adapter.settings import Settings
from adapter.telemetry.counters import ReportCounters
from adapter.telemetry.metrics import Metrics


class Reporting:
    """What a report is made from. `serving` and `alarms` are asked for each report."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        metrics: Metrics,
        *,
        snapshots: SnapshotStore,
        platform: Platform,
        checks: Checks,
        analytics: Analytics,
        quotas: Quotas,
        serving: Callable[[], bool],
        alarms: Callable[[], Mapping[str, str]],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._snapshots = snapshots
        self._platform = platform
        self._checks = checks
        self._analytics = analytics
        self._quotas = quotas
        self._serving = serving
        self._alarms = alarms
        self._started_at = clock.now()
        self._interval_s = settings.platform.poll_interval_s

    def reporter(self, client: PlatformClient, address: str) -> Reporter:
        """Sends reports with this client; `address` is where Envoy reaches this adapter."""
        name = instance_id(self._settings, address)
        return Reporter(
            self,
            partial(client.send_report, name),
            self._clock,
            interval_s=self._interval_s,
            observer=ReportCounters(self._metrics),
        )

    @property
    def revision(self) -> int:
        """See `ReportSource`."""
        return self._snapshots.current.revision

    def adapter(self) -> ReportedAdapter:
        """See `ReportSource`."""
        automated, instances = self._platform.sync.environment_revisions
        sync_alarms = enumerate(self._platform.sync.alarms, 1)
        return ReportedAdapter(
            version=program_version(),
            build=BUILD,
            started_at=self._started_at,
            interval_s=self._interval_s,
            snapshot=self.revision,
            serving=self._serving(),
            automated=automated,
            instances=instances,
            whole_environment=self._settings.platform.apis == "environment",
            alarms={**{f"sync {n}": text for n, text in sync_alarms}, **self._alarms()},
            events=self._events(),
            quotas=ReportedQuotas(
                self._settings.quota.store,
                self._quotas.shared is None or self._quotas.shared.status.available,
                self._quotas.multiplier,
            ),
            services=ReportedServices(
                self._checks.discovered.counts, self._checks.discovered.left_out
            ),
        )

    def apis(self) -> Iterator[ReportedApi]:
        """See `ReportSource`."""
        return map(_reported, self._platform.sync.api_statuses())

    def _events(self) -> ReportedEvents:
        counts = self._metrics.counted("adapter_events").items()
        outcomes = {outcome: int(count) for (outcome,), count in counts}
        return ReportedEvents(self._analytics.spool.backlog.events, outcomes)


def _reported(status: ApiStatus) -> ReportedApi:
    notes = status.document_faults
    if status.last_error is not None:
        notes = (f"the last poll failed: {status.last_error}", *notes)
    if status.closed_contracts:
        notes = (*notes, f"contracts that cannot be honoured: {status.closed_contracts}")
    if status.ignored:
        notes = (*notes, f"policies that the operator ignores: {', '.join(status.ignored)}")
    return ReportedApi(
        status.api_id,
        *status.revisions,
        from_disk=status.origin == "disk",
        faults=status.faults,
        notes=notes,
    )
