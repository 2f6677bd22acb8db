"""Makes the way of events to a collector of OpenTelemetry from the settings."""

from typing import Final

from adapter.analytics.otlp.log_request import LogRequests, refused_records
from adapter.app.collector import Bounds, CollectorQueue, Connection, Signal, process_resource
from adapter.runtime.clock import Clock
from adapter.runtime.version import program_version
from adapter.settings import Settings
from adapter.telemetry.counters import OtlpLogCounters
from adapter.telemetry.metrics import Metrics

_GROUP: Final = "analytics.otlp_logs"


def otlp_logs(url: str, settings: Settings, clock: Clock, metrics: Metrics) -> CollectorQueue:
    """The queue of events for the collector at this URL."""
    otlp = settings.analytics.otlp_logs
    requests = LogRequests(program_version(), process_resource(settings))
    logs = CollectorQueue(
        Connection(url, _GROUP, otlp, clock),
        Signal("otlp_logs", _GROUP, requests.encode, refused_records),
        Bounds(otlp.max_events, otlp.max_bytes, otlp.batch_events, settings.analytics.batch_age_s),
        clock,
        OtlpLogCounters(metrics),
    )
    metrics.observe("adapter_otlp_logs_waiting", lambda: {(): logs.waiting})
    return logs
