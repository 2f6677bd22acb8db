"""Makes the tracer from the settings."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from adapter.analytics.uploader import EventUpload
from adapter.authorization.observer import DecisionObserver
from adapter.ext_authz.traced_checks import SpanNotes, TracedChecks
from adapter.runtime.clock import Clock
from adapter.runtime.spans import Tracer
from adapter.runtime.supervision import Supervisor
from adapter.runtime.version import program_version
from adapter.settings import Settings
from adapter.telemetry.counters import SpanCounters
from adapter.telemetry.metrics import Metrics
from adapter.transport.service import UnaryMethod

if TYPE_CHECKING:
    from adapter.app.collector import CollectorQueue
    from adapter.telemetry.tracing.tracer import SamplingTracer

_GROUP: Final = "tracing"
_MAX_BYTES: Final = 64 * 1024 * 1024
_LAST_SPANS_S: Final = 2.0
"""The longest time that the end of the process waits for a collector."""


class Tracing:
    """The tracer, and the queue of spans for the collector; without a collector, nothing."""

    def __init__(self, settings: Settings, clock: Clock, metrics: Metrics) -> None:
        self._last_spans_s = min(_LAST_SPANS_S, settings.shutdown.deadline_s)
        self._queue: CollectorQueue | None = None
        self._sampling: SamplingTracer | None = None
        if (endpoint := settings.tracing.endpoint) is not None:
            self._queue = _span_queue(str(endpoint), settings, clock, metrics)
            self._sampling = _sampling_tracer(self._queue, settings.tracing.sample, clock)
        self.tracer: Tracer = self._sampling or Tracer()

    @property
    def enabled(self) -> bool:
        """Whether spans are made."""
        return self._sampling is not None

    def traced(
        self, observer: DecisionObserver, service: Callable[[DecisionObserver], UnaryMethod]
    ) -> UnaryMethod:
        """The service's method, with spans of sampled Checks if tracing is on.

        `service` makes the method with an observer of its decisions.
        """
        tracer = self._sampling
        if tracer is None:
            return service(observer)
        notes = SpanNotes(observer)
        return TracedChecks(service(notes), notes, tracer.begin_check, tracer.sampled).method

    def traced_upload(self, upload: EventUpload) -> EventUpload:
        """The upload, with spans; if tracing is off, the upload itself."""
        return TracedUpload(upload, self.tracer) if self.enabled else upload

    def start(self, supervisor: Supervisor) -> None:
        """Start sending spans."""
        if self._queue is not None:
            self._queue.start(supervisor)

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at, by component."""
        return {} if self._queue is None else self._queue.alarms

    async def stop(self) -> None:
        """Send the spans that are left, within a short time. The task must have ended."""
        if self._queue is not None:
            await self._queue.stop(self._last_spans_s)


class TracedUpload:
    """An `EventUpload` with a span around each upload."""

    def __init__(self, upload: EventUpload, tracer: Tracer) -> None:
        self._upload = upload
        self._tracer = tracer

    async def send_events(self, gzip_body: bytes) -> int:
        """See `EventUpload.send_events`."""
        with self._tracer.span("upload events", **{"policy_adapter.bytes": len(gzip_body)}):
            return await self._upload.send_events(gzip_body)


def _span_queue(url: str, settings: Settings, clock: Clock, metrics: Metrics) -> "CollectorQueue":
    # Only here, because these imports need the extra `otel`, and take time.
    from adapter.app.collector import (  # noqa: PLC0415
        Bounds,
        CollectorQueue,
        Connection,
        Signal,
        process_resource,
    )
    from adapter.telemetry.tracing.span_request import SpanRequests, refused_spans  # noqa: PLC0415

    tracing = settings.tracing
    requests = SpanRequests(program_version(), process_resource(settings))
    spans = CollectorQueue(
        Connection(url, _GROUP, tracing, clock),
        Signal(_GROUP, _GROUP, requests.encode, refused_spans),
        Bounds(tracing.max_spans, _MAX_BYTES, tracing.batch_spans, tracing.batch_age_s),
        clock,
        SpanCounters(metrics),
    )
    metrics.observe("adapter_spans_waiting", lambda: {(): spans.waiting})
    return spans


def _sampling_tracer(spans: "CollectorQueue", sample: float, clock: Clock) -> "SamplingTracer":
    # Only here: see above.
    from adapter.telemetry.tracing.tracer import SamplingTracer  # noqa: PLC0415

    return SamplingTracer(spans.queue.offer, sample, clock)
