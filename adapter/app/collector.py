"""A collector of OpenTelemetry: the queue of what it gets, and the uploads."""

import asyncio
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from adapter.analytics.observer import AnalyticsObserver
from adapter.analytics.otlp.collector_upload import CollectorAnswer, CollectorUpload
from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.spool.memory import MemorySpool
from adapter.analytics.uploader import EncodeEvents, EventUploader, UploadOptions
from adapter.app.instance_id import instance_id
from adapter.errors import PlatformUnavailableError
from adapter.platform_client.http.exchange import Exchange, SettingNames, retry_after_s
from adapter.runtime.authorities import authorities
from adapter.runtime.clock import Clock
from adapter.runtime.fairness import LoopTurns
from adapter.runtime.supervision import Supervisor
from adapter.runtime.system_errors import system_words
from adapter.runtime.version import program_version
from adapter.settings import Settings
from adapter.settings.groups import CollectorSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter.platform_client.http.aiohttp_client import AiohttpClient

_MAX_RESPONSE_BYTES: Final = 64 * 1024


class Signal(NamedTuple):
    """What a collector is sent: log records, or spans."""

    name: str
    """In the names of log lines, and of the background task."""
    group: str
    """The group of settings."""
    encode: EncodeEvents
    refused: "Callable[[bytes], int]"
    """See `CollectorUpload`."""


class Bounds(NamedTuple):
    """How much waits for a collector, and how much of it is sent at once."""

    items: int
    bytes: int
    batch_items: int
    batch_age_s: float


class Connection:
    """Posts to the collector. The client is opened when it is first needed.

    `group` is the group of these settings.
    """

    def __init__(self, url: str, group: str, settings: CollectorSettings, clock: Clock) -> None:
        self._url = url
        self.settings = settings
        self._names = SettingNames(
            url=f"{group}.endpoint",
            timeout=f"{group}.timeout_s",
            max_response_bytes="the limit of this program",
            authorities=f"{group}.ca_file",
        )
        self._clock = clock
        self._http: AiohttpClient | None = None
        self._exchange = Exchange(
            self._opened,
            LoopTurns(),
            timeout_s=settings.timeout_s,
            max_response_bytes=_MAX_RESPONSE_BYTES,
            names=self._names,
        )

    async def post(self, headers: Mapping[str, str], body: bytes) -> CollectorAnswer:
        """See `collector_upload.Post`."""
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
                trusted = await asyncio.to_thread(authorities, self.settings.ca_file)
            except OSError as e:
                raise PlatformUnavailableError(
                    f"the CAs for the collector cannot be read; check {self._names.authorities}: "
                    f"{system_words(e)}"
                ) from None
            from adapter.platform_client.http.aiohttp_client import (  # noqa: PLC0415 - slow
                AiohttpClient,
            )

            self._http = AiohttpClient(trusted, self._names)
        return self._http


class CollectorQueue:
    """A queue in memory, and its uploads."""

    def __init__(
        self,
        connection: Connection,
        signal: Signal,
        bounds: Bounds,
        clock: Clock,
        observer: AnalyticsObserver,
    ) -> None:
        self._signal = signal
        self._connection = connection
        self.queue = MemorySpool(bounds.items, bounds.bytes, observer)
        self._uploader = EventUploader(
            self.queue,
            CollectorUpload(
                connection.post, connection.settings.header_files, signal.group, signal.refused
            ),
            clock,
            UploadOptions(BatchLimit(bounds.batch_items, bounds.bytes), bounds.batch_age_s),
            encode=signal.encode,
            name=signal.name,
            observer=observer,
        )

    def start(self, supervisor: Supervisor) -> None:
        """Start the uploads."""
        supervisor.start(self._signal.name, self._uploader.run)

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return self.queue.backlog.events

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at, by component."""
        status = self._uploader.status
        return {} if status.failing_since is None else {self._signal.group: status.last_error}

    @property
    def status(self) -> Mapping[str, object]:
        """What waits and what was sent, for the inspection page."""
        return {
            "waiting": self.queue.backlog._asdict(),
            "upload": asdict(self._uploader.status),
        }

    async def stop(self, deadline_s: float) -> None:
        """Send what is left, within the deadline. The task must have ended."""
        await self._uploader.flush(deadline_s)
        await self.queue.close()
        await self._connection.close()


def process_resource(settings: Settings) -> dict[str, str]:
    """What OpenTelemetry calls this process.

    OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME in the environment win.
    """
    ours = {
        "service.name": "envoy-policy-adapter",
        "service.version": program_version(),
        "service.instance.id": instance_id(settings, settings.listener.address),
        "host.name": socket.gethostname(),
    }
    if (account := settings.platform.account) is not None:
        ours["policy_adapter.organization.id"] = account.organization_id
        ours["policy_adapter.environment.id"] = account.environment_id
    return ours | _from_environment(os.environ)


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What OpenTelemetry's variables say; members that are malformed are left out."""
    members = environment.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")
    split = (member.partition("=") for member in members)
    found = {name.strip(): unquote(value.strip()) for name, _, value in split if name.strip()}
    service = environment.get("OTEL_SERVICE_NAME")
    return found | {"service.name": service} if service else found
