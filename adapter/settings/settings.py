"""All settings together."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from adapter.settings.groups import (
    AnalyticsSettings,
    DiskCopySettings,
    GatekeeperSettings,
    IdentitySettings,
    ListenerSettings,
    MemorySettings,
    ObservabilitySettings,
    PlatformSettings,
    QuotaSettings,
    ReportSettings,
    RequestSettings,
    ShutdownSettings,
    TracingSettings,
)
from adapter.settings.values import FilledPath

_QUOTA_FILE: Final = "quota-windows"
SPOOL_FILE: Final = "events.spool"


class Settings(BaseModel):
    """All settings; `adapter.app` gives each part of the program its own group."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state_directory: FilledPath | None = None
    """Directory of the files that this adapter keeps over a restart: the disk copy, the quota file
    and the spool of events. Each adapter needs its own; worker 1 uses `worker-1` in it. Default:
    none, and nothing is kept."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that answer Checks, each with a socket or port of its own (`settings.workers`)."""
    listener: ListenerSettings = ListenerSettings()
    platform: PlatformSettings
    requests: RequestSettings = RequestSettings()
    gatekeeper: GatekeeperSettings = GatekeeperSettings()
    quota: QuotaSettings = QuotaSettings()
    identity: IdentitySettings = IdentitySettings()
    disk_copy: DiskCopySettings = DiskCopySettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    reports: ReportSettings = ReportSettings()
    observability: ObservabilitySettings = ObservabilitySettings()
    tracing: TracingSettings = TracingSettings()
    memory: MemorySettings = MemorySettings()
    shutdown: ShutdownSettings = ShutdownSettings()

    @property
    def disk_directory(self) -> Path | None:
        """Where the disk copy and the key sets are; None: they are not kept.

        Both are encrypted with the platform's client secret.
        """
        if self.platform.account is None:
            return None
        return self.disk_copy.directory or self.state_directory

    @property
    def quota_file(self) -> Path | None:
        """Where the quota windows are kept; None: they are not kept."""
        if self.quota.file is None and self.state_directory is not None:
            return self.state_directory / _QUOTA_FILE
        return self.quota.file

    @property
    def spool_file(self) -> Path | None:
        """Where events wait for their upload; None: in memory."""
        analytics = self.analytics
        if self.state_directory is None or not analytics.enabled or analytics.spool == "memory":
            return None
        if self.platform.account is None:
            return None
        return self.state_directory / SPOOL_FILE

    @property
    def sends_events(self) -> bool:
        """Whether anybody gets events: the platform, or a collector of OpenTelemetry."""
        analytics = self.analytics
        somebody = self.platform.account is not None or analytics.otlp_logs.endpoint is not None
        return analytics.enabled and somebody

    @property
    def max_age_s(self) -> float | None:
        """When what was loaded is too old for decisions; None: never. A file is never too old."""
        return None if self.platform.account is None else self.gatekeeper.max_age_s
