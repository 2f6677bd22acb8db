"""Makes the way of events to the platform from the settings."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from adapter.analytics.access_log import METHOD_PATH, AccessLogService
from adapter.analytics.attribution import BoundApi
from adapter.analytics.event import EventEncoder, EventOrigin
from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.spool.memory import MemorySpool
from adapter.analytics.translator import EntryTranslator
from adapter.analytics.uploader import EventUpload, EventUploader, UploadOptions
from adapter.runtime.clock import Clock
from adapter.runtime.supervision import Supervisor
from adapter.settings import AnalyticsSettings, Settings
from adapter.telemetry.counters import AnalyticsCounters
from adapter.telemetry.metrics import Metrics
from adapter.transport.service import ClientStreamMethod

_DEPLOYMENT_TYPE: Final = "HY"
"""The vendor's name (hybrid) for a gateway that its customer runs."""
_BATCH_BYTES: Final = 4 * 1024 * 1024


class Analytics:
    """The service that accepts access log entries, the spool, and the uploader."""

    def __init__(
        self,
        settings: Settings,
        upload: EventUpload,
        attribute: BoundApi,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        analytics, counters = settings.analytics, AnalyticsCounters(metrics)
        self._flush_s = settings.shutdown.deadline_s
        self.spool = MemorySpool(analytics.max_events, analytics.max_bytes, counters)
        options = upload_options(analytics)
        self._uploader = EventUploader(self.spool, upload, clock, options, observer=counters)
        origin = EventOrigin(
            settings.platform.organization_id, socket.gethostname(), _DEPLOYMENT_TYPE
        )
        translator = EntryTranslator(
            attribute, EventEncoder(origin), include_client_ip=analytics.include_client_ip
        )
        self._service = AccessLogService(translator, self.spool, clock, observer=counters)
        self.method = ClientStreamMethod(METHOD_PATH, self._service.open)

    def start(self, supervisor: Supervisor) -> None:
        """Start the uploads."""
        supervisor.start("upload", self._uploader.run)

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at, by component."""
        status = self._uploader.status
        return {"events upload": status.last_error} if status.failing_since is not None else {}

    async def stop(self) -> None:
        """Upload the events that are left, within the deadline. The upload task must have ended."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._service.drain(), self._flush_s)
        await self._uploader.flush(self._flush_s)
        await self.spool.close()


def upload_options(settings: AnalyticsSettings) -> UploadOptions:
    """The options of the uploader."""
    batch = BatchLimit(settings.batch_events, _BATCH_BYTES)
    return UploadOptions(batch=batch, max_age_s=settings.batch_age_s)
