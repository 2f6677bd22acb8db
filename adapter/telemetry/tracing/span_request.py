"""Encodes spans, and makes the body of an export request from them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from adapter.analytics.otlp.values import Sender, pairs
from adapter.analytics.upload_body import gzipped
from adapter.ext_authz.traced_checks import CHECK_SPAN
from adapter.runtime.fairness import in_slices
from adapter.telemetry.tracing.sampled_span import SampledSpan

SCOPE: Final = "policy_adapter"

_SLICE: Final = 16
"""Spans to read at once: they take as long as a few Checks."""
_RPC: Final = pairs(
    (
        ("rpc.system", "grpc"),
        ("rpc.service", "envoy.service.auth.v3.Authorization"),
        ("rpc.method", "Check"),
    )
)
_SAME_IN_ALL: Final[Mapping[str, bytes]] = MappingProxyType(
    {CHECK_SPAN: Span(attributes=_RPC).SerializeToString()}
)
"""The part that is the same in all spans of a name, encoded: messages that are put together are
one message, and this is faster than encoding the part each time."""


def encode_span(span: SampledSpan) -> bytes:
    """The span as a message."""
    name, parent = span.name, span.parent
    notes = [*span.notes, ("error.type", span.error)] if span.error else span.notes
    same = _SAME_IN_ALL.get(name)
    own = Span(
        trace_id=parent.trace_id,
        span_id=span.span_id,
        trace_state=parent.state,
        parent_span_id=parent.span_id,
        name=name,
        kind=span.kind,
        start_time_unix_nano=int(span.starts_at * 1e9),
        end_time_unix_nano=int(span.ends_at * 1e9),
        attributes=pairs(notes),
        status=Status(code=Status.STATUS_CODE_ERROR) if span.error else None,
    ).SerializeToString()
    return own if same is None else same + own


class SpanRequests:
    """Encodes batches of spans as requests of this process."""

    def __init__(self, version: str, resource: Mapping[str, str]) -> None:
        self._sender = Sender(SCOPE, version, resource)

    async def encode(self, spans: Sequence[bytes]) -> bytes:
        """A compressed `ExportTraceServiceRequest`; Checks run between slices of the spans."""
        traces = ScopeSpans(scope=self._sender.scope)
        async for some in in_slices(spans, _SLICE):
            traces.spans.extend(map(Span.FromString, some))
        request = ExportTraceServiceRequest(
            resource_spans=[ResourceSpans(resource=self._sender.resource, scope_spans=[traces])]
        )
        return await gzipped(request.SerializeToString())


def refused_spans(body: bytes) -> int:
    """How many spans of an accepted request the collector refused; raises DecodeError."""
    return ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans
