"""Reads `traceparent` (W3C Trace Context, 3.2), with OpenTelemetry's API."""

from typing import Final, NamedTuple

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_FORMAT: Final = TraceContextTextMapPropagator()
_NOTHING: Final = Context()
_LONGEST_STATE: Final = 512


class Parent(NamedTuple):
    """The span that another one is part of."""

    trace_id: bytes
    span_id: bytes
    state: str = ""
    """The value of `tracestate`, which other programs have a use for."""


def read_parent(traceparent: str, tracestate: str) -> Parent | None:
    """The parent; None if it is malformed."""
    # Only `traceparent`, because the API logs a warning about each mistake in a `tracestate`.
    context = _FORMAT.extract({"traceparent": traceparent}, _NOTHING)
    found = get_current_span(context).get_span_context()
    if not found.is_valid:
        return None
    return Parent(
        found.trace_id.to_bytes(16, "big"),
        found.span_id.to_bytes(8, "big"),
        tracestate if len(tracestate) <= _LONGEST_STATE else "",
    )
