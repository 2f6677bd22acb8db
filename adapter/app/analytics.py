"""Makes the way of events to the platform from the settings."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from adapter.analytics.access_log import METHOD_PATH, AccessLogService
from adapter.analytics.attribution import BoundApi
from adapter.analytics.event import EventEncoder, EventOrigin
from adapter.analytics.observer import AnalyticsObserver
from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.spool.copies import EventCopies
from adapter.analytics.spool.disk import AHEAD, DiskSpool
from adapter.analytics.spool.file_access import FileAccess, FileBounds
from adapter.analytics.spool.memory import MemorySpool
from adapter.analytics.spool.port import EventSpool
from adapter.analytics.translator import EntryTranslator
from adapter.analytics.uploader import EventUpload, EventUploader, UploadOptions
from adapter.runtime.clock import Clock
from adapter.runtime.supervision import Supervisor
from adapter.settings import AnalyticsSettings, Settings
from adapter.telemetry.counters import AnalyticsCounters
from adapter.telemetry.metrics import Metrics
from adapter.telemetry.unchecked_requests import UncheckedRequests
from adapter.telemetry.workload_envoys import WorkloadEnvoys
from adapter.transport.service import ClientStreamMethod

if TYPE_CHECKING:
    from adapter.app.collector import CollectorQueue

_DEPLOYMENT_TYPE: Final = "HY"
"""The vendor's name (hybrid) for a gateway that its customer runs."""
_BATCH_BYTES: Final = 4 * 1024 * 1024


class Analytics:
    """The service that accepts access log entries, the spool, and the uploader.

    Without a platform (`upload` is None), only a collector gets events. Entries are still accepted
    without a collector, because they show requests that reached a service without a Check.
    """

    def __init__(
        self,
        settings: Settings,
        upload: EventUpload | None,
        attribute: BoundApi,
        clock: Clock,
        metrics: Metrics,
        *,
        only_for_edges: Callable[[], Sequence[str]],
        takes_own_members: Callable[[], bool],
    ) -> None:
        analytics = settings.analytics
        self._unchecked = UncheckedRequests(clock)
        self._workloads = WorkloadEnvoys(only_for_edges)
        counters = AnalyticsCounters(metrics, self._unchecked, self._workloads)
        self._losses = counters.losses
        self._flush_s = settings.shutdown.deadline_s
        self._disk: DiskSpool | None = None
        self.spool: EventSpool = _memory_spool(analytics, counters)
        if (file := settings.spool_file) is not None:
            self.spool = self._disk = disk_spool(analytics, file, clock, counters)
        self._uploader: EventUploader | None = None
        if upload is not None:
            options = upload_options(analytics)
            self._uploader = EventUploader(self.spool, upload, clock, options, observer=counters)
        organization_id = settings.platform.organization_id or ""
        origin = EventOrigin(organization_id, socket.gethostname(), _DEPLOYMENT_TYPE)
        translator = EntryTranslator(
            attribute,
            EventEncoder(origin),
            include_client_ip=analytics.include_client_ip,
            takes_own_members=takes_own_members,
            unchecked=counters.unchecked,
        )
        self._otlp = _otlp_logs(settings, clock, metrics)
        sinks = [] if self._uploader is None else [self.spool]
        sinks += [] if self._otlp is None else [self._otlp.queue]
        sink = sinks[0] if len(sinks) == 1 else EventCopies(*sinks)
        self._service = AccessLogService(translator, sink, clock, observer=counters)
        self.method = ClientStreamMethod(METHOD_PATH, self._service.open)

    def start(self, supervisor: Supervisor) -> None:
        """Start the uploads, and the writing to the disk."""
        if self._disk is not None:
            supervisor.start("spool", self._disk.run)
        if self._uploader is not None:
            supervisor.start("upload", self._uploader.run)
        if self._otlp is not None:
            self._otlp.start(supervisor)

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at, by component."""
        alarms = {**self.spool.alarms, **self._unchecked.alarms, **self._workloads.alarms}
        if self._uploader is not None and self._uploader.status.failing_since is not None:
            alarms["events upload"] = self._uploader.status.last_error
        if self._otlp is not None:
            alarms.update(self._otlp.alarms)
        if lost := self.losses:
            counts = ", ".join(f"{reason} {count}" for reason, count in lost.items())
            alarms["events lost"] = f"since the start: {counts}"
        return alarms

    @property
    def losses(self) -> Mapping[str, int]:
        """How many events were lost since the start, by reason."""
        return dict(sorted(self._losses.items()))

    @property
    def status(self) -> Mapping[str, object]:
        """What waits, what was uploaded and what was lost, for the inspection page."""
        return {
            "spool": "memory" if self._disk is None else "disk",
            "waiting": self.spool.backlog._asdict(),
            "quarantined": self.spool.quarantined._asdict(),
            "upload": None if self._uploader is None else asdict(self._uploader.status),
            "lost": self.losses,
            "otlp_logs": None if self._otlp is None else self._otlp.status,
        }

    async def stop(self) -> None:
        """Upload the events that are left, within the deadline. The upload task must have ended."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._service.drain(), self._flush_s)
        self._service.discard()
        flushes: list[Awaitable[object]] = []
        if self._uploader is not None:
            flushes.append(self._uploader.flush(self._flush_s))
        if self._otlp is not None:
            flushes.append(self._otlp.stop(self._flush_s))
        await asyncio.gather(*flushes)
        await self.spool.close()
        if lost := self.losses:
            structlog.get_logger().warning("analytics.events_lost", **lost)


def _otlp_logs(settings: Settings, clock: Clock, metrics: Metrics) -> "CollectorQueue | None":
    """The queue of events for a collector of OpenTelemetry; None if there is no collector."""
    endpoint = settings.analytics.otlp_logs.endpoint
    if endpoint is None:
        return None
    # Only here, because it needs the extra `otel`.
    from adapter.app.otlp_logs import otlp_logs  # noqa: PLC0415

    return otlp_logs(str(endpoint), settings, clock, metrics)


def upload_options(settings: AnalyticsSettings) -> UploadOptions:
    """The options of the uploader."""
    return UploadOptions(batch=_batch_limit(settings), max_age_s=settings.batch_age_s)


def disk_spool(
    settings: AnalyticsSettings,
    file: Path,
    clock: Clock,
    observer: AnalyticsObserver,
    ahead: BatchLimit = AHEAD,
) -> DiskSpool:
    """A spool with this file."""
    bounds = FileBounds(settings.spool_max_bytes, settings.spool_max_age_s)
    return DiskSpool(
        _memory_spool(settings, observer),
        FileAccess(file, clock, bounds, observer),
        clock,
        row_limit=_batch_limit(settings),
        flush_interval_s=settings.flush_interval_s,
        ahead=ahead,
        observer=observer,
    )


def _memory_spool(settings: AnalyticsSettings, observer: AnalyticsObserver) -> MemorySpool:
    return MemorySpool(settings.max_events, settings.max_bytes, observer)


def _batch_limit(settings: AnalyticsSettings) -> BatchLimit:
    return BatchLimit(settings.batch_events, _BATCH_BYTES)
