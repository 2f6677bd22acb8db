"""Collectors of OpenTelemetry, and traces for them."""

from typing import Annotated

from pydantic import Field

from adapter.settings.groups.group import Group
from adapter.settings.values import (
    CollectorUrl,
    FilledPath,
    HeaderFiles,
    Seconds,
)


class CollectorSettings(Group):
    """How to reach a collector of OpenTelemetry by OTLP over HTTP."""

    endpoint: CollectorUrl | None = None
    """Full URL of the collector, with its path. Default: nothing is sent."""
    header_files: HeaderFiles = Field(default_factory=dict)
    """Further headers of each request: the name, and the file with the value."""
    ca_file: FilledPath | None = None
    """PEM file of CAs that the collector's certificate is checked against. Default: the same as
    for the platform."""
    timeout_s: Seconds = 10
    """Longest time for one request."""


class TracingSettings(CollectorSettings):
    """Spans of Checks, polls and uploads, such as for `https://collector:4318/v1/traces`."""

    sample: Annotated[float, Field(ge=0, le=1)] = 0.01
    """The share of traces that begin here and are sampled. If Envoy sends `traceparent` with a
    Check, Envoy has decided."""
    max_spans: Annotated[int, Field(ge=1)] = 10_000
    """Most spans that wait in memory. Above it, the oldest are dropped and counted."""
    batch_spans: Annotated[int, Field(ge=1)] = 500
    """Most spans in one request."""
    batch_age_s: Seconds = 5
    """Spans are sent when a batch is full, or when its first span is this old."""
