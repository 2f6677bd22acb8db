"""Makes the way of events to a collector of OpenTelemetry from the settings."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from adapter.analytics.otlp.log_request import LogRequests
from adapter.analytics.otlp.log_upload import CollectorAnswer, LogUpload
from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.spool.memory import MemorySpool
from adapter.analytics.uploader import EventUploader, UploadOptions
from adapter.app.instance_id import instance_id
from adapter.errors import PlatformUnavailableError
from adapter.platform_client.http.exchange import Exchange, SettingNames, retry_after_s
from adapter.runtime.authorities import authorities
from adapter.runtime.clock import Clock
from adapter.runtime.fairness import LoopTurns
from adapter.runtime.supervision import Supervisor
from adapter.runtime.system_errors import system_words
from adapter.runtime.version import program_version
from adapter.settings import AnalyticsSettings, Settings
from adapter.settings.groups import OtlpLogSettings
from adapter.telemetry.counters import OtlpLogCounters
from adapter.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from adapter.platform_client.http.aiohttp_client import AiohttpClient

_GROUP: Final = "analytics.otlp_logs"
_NAMES: Final = SettingNames(
    url=f"{_GROUP}.endpoint",
    timeout=f"{_GROUP}.timeout_s",
    max_response_bytes="the limit of this program",
    authorities=f"{_GROUP}.ca_file",
)
_MAX_RESPONSE_BYTES: Final = 64 * 1024


class Collector:
    """Posts to the collector. The client is opened when it is first needed."""

    def __init__(self, url: str, settings: OtlpLogSettings, clock: Clock) -> None:
        self._url = url
        self._settings = settings
        self._clock = clock
        self._http: AiohttpClient | None = None
        self._exchange = Exchange(
            self._opened,
            LoopTurns(),
            timeout_s=settings.timeout_s,
            max_response_bytes=_MAX_RESPONSE_BYTES,
            names=_NAMES,
        )

    async def post(self, headers: Mapping[str, str], body: bytes) -> CollectorAnswer:
        """See `log_upload.Post`."""
        answer = await self._exchange.send("POST", self._url, headers=headers, body=body)
        return CollectorAnswer(answer.status, retry_after_s(answer, self._clock), answer.body)

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def _opened(self) -> "AiohttpClient":
        """The HTTP client; its import and the reading of all CAs take time, so in a thread."""
        if self._http is None:
            try:
                trusted = await asyncio.to_thread(authorities, self._settings.ca_file)
            except OSError as e:
                raise PlatformUnavailableError(
                    f"the CAs for the collector cannot be read; check {_NAMES.authorities}: "
                    f"{system_words(e)}"
                ) from None
            from adapter.platform_client.http.aiohttp_client import (  # noqa: PLC0415 - slow
                AiohttpClient,
            )

            self._http = AiohttpClient(trusted, _NAMES)
        return self._http


class OtlpLogs:
    """Events on their way to the collector: a queue in memory, and the uploads."""

    def __init__(
        self,
        url: str,
        settings: AnalyticsSettings,
        resource: Mapping[str, str],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        otlp, counters = settings.otlp_logs, OtlpLogCounters(metrics)
        self._collector = Collector(url, otlp, clock)
        self.queue = MemorySpool(otlp.max_events, otlp.max_bytes, counters)
        self._uploader = EventUploader(
            self.queue,
            LogUpload(self._collector.post, otlp.header_files),
            clock,
            UploadOptions(BatchLimit(otlp.batch_events, otlp.max_bytes), settings.batch_age_s),
            encode=LogRequests(program_version(), resource).encode,
            destination=_GROUP,
            observer=counters,
        )
        metrics.observe("adapter_otlp_logs_waiting", lambda: {(): self.queue.backlog.events})

    def start(self, supervisor: Supervisor) -> None:
        """Start the uploads."""
        supervisor.start("otlp_logs", self._uploader.run)

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at, by component."""
        status = self._uploader.status
        return {} if status.failing_since is None else {"events to collector": status.last_error}

    @property
    def status(self) -> Mapping[str, object]:
        """What waits and what was sent, for the inspection page."""
        return {
            "waiting": self.queue.backlog._asdict(),
            "upload": asdict(self._uploader.status),
        }

    async def stop(self, deadline_s: float) -> None:
        """Send the events that are left, within the deadline. The task must have ended."""
        await self._uploader.flush(deadline_s)
        await self.queue.close()
        await self._collector.close()


def process_resource(settings: Settings) -> dict[str, str]:
    """What OpenTelemetry calls this process."""
    return {
        "service.name": "envoy-policy-adapter",
        "service.version": program_version(),
        "service.instance.id": instance_id(settings, settings.listener.address),
        "host.name": socket.gethostname(),
        "policy_adapter.organization.id": settings.platform.organization_id,
        "policy_adapter.environment.id": settings.platform.environment_id,
    }
