"""Events, and the disk copy of what was loaded."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    model_validator,
)

from adapter.settings.groups.collector import CollectorSettings
from adapter.settings.groups.group import Group
from adapter.settings.values import (
    FilledPath,
    Seconds,
)


class OtlpLogSettings(CollectorSettings):
    """Events as log records, such as for `https://collector:4318/v1/logs`."""

    batch_events: Annotated[int, Field(ge=1)] = 500
    """Most events in one request."""
    max_events: Annotated[int, Field(ge=1)] = 50_000
    """Most events that wait in memory. Above it, the oldest are dropped and counted."""
    max_bytes: Annotated[int, Field(ge=1024)] = 64 * 1024 * 1024
    """Most bytes of events that wait in memory."""


class AnalyticsSettings(Group):
    """Events for the platform, made of Envoy's access log."""

    enabled: bool = True
    include_client_ip: bool = True
    """Whether events contain the client's address."""
    verdict_sample: Annotated[float, Field(ge=0, le=1)] = 0.01
    """The share of allowed requests whose events say what each policy said. Denials always do."""
    spool: Literal["disk", "memory"] = "disk"
    """Where events wait for their upload. `disk`: in `state_directory`, if that is set."""
    spool_max_bytes: Annotated[int, Field(ge=1024 * 1024)] = 1024 * 1024 * 1024
    """Most bytes of events on disk, per worker. Above it, the oldest are dropped and counted."""
    spool_max_age_s: Seconds = 7 * 24 * 3600
    """Events that waited longer on disk are dropped and counted."""
    flush_interval_s: Annotated[float, Field(gt=0, le=60)] = 1
    """Longest time that an event is in memory before it is written to the disk."""
    max_events: Annotated[int, Field(ge=1)] = 200_000
    """Most events that wait in memory: all without a disk, or while the disk cannot be used.
    Above it, the oldest are dropped and counted."""
    max_bytes: Annotated[int, Field(ge=1024)] = 256 * 1024 * 1024
    """Most bytes of events that wait in memory."""
    batch_events: Annotated[int, Field(ge=1)] = 2_000
    """Most events in one upload."""
    batch_age_s: Seconds = 5
    """A batch is uploaded when it is full, or when its first event is this old."""
    otlp_logs: OtlpLogSettings = OtlpLogSettings()

    @model_validator(mode="after")
    def _makes_events(self) -> "AnalyticsSettings":
        if self.otlp_logs.endpoint is not None and not self.enabled:
            raise ValueError("otlp_logs.endpoint needs events, so set enabled to true")
        return self


class DiskCopySettings(Group):
    """An encrypted copy of what was loaded, for a start without the platform."""

    directory: FilledPath | None = None
    """Directory of the copy. Default: `state_directory`."""
