"""Makes the spans that are sampled."""

import random
from collections.abc import Callable, Sequence

from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

from adapter.ext_authz.traced_checks import CHECK_SPAN
from adapter.runtime.clock import Clock
from adapter.runtime.spans import CURRENT, Span, Tracer
from adapter.telemetry.tracing.sampled_span import SampledSpan
from adapter.telemetry.tracing.span_request import encode_span
from adapter.telemetry.tracing.traceparent import Parent, read_parent


class SamplingTracer(Tracer):
    """Makes spans, and offers their bytes when they end.

    `sample` is the share of traces that begin here and are sampled. `chance` gives numbers in
    [0, 1).
    """

    def __init__(
        self,
        offer: Callable[[Sequence[bytes]], None],
        sample: float,
        clock: Clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._offer = offer
        self._sample = sample
        self._clock = clock
        self._chance = chance

    def sampled(self) -> bool:
        """Whether to make a trace that begins here."""
        return self._chance() < self._sample

    def begin(self, name: str) -> Span | None:
        """See `Tracer`."""
        current = CURRENT.get()
        if isinstance(current, SampledSpan):
            return self._span(name, Message.SPAN_KIND_INTERNAL, _parent(current))
        if not self.sampled():
            return None
        return self._span(name, Message.SPAN_KIND_INTERNAL, _trace())

    def begin_check(self, traceparent: str, tracestate: str) -> Span:
        """Begin the span of a Check; one whose parent is malformed begins a trace."""
        parent = read_parent(traceparent, tracestate) or _trace()
        return self._span(CHECK_SPAN, Message.SPAN_KIND_SERVER, parent)

    def begin_wait(self, name: str) -> Span | None:
        """See `Tracer`."""
        current = CURRENT.get()
        if isinstance(current, SampledSpan):
            return self._span(name, Message.SPAN_KIND_CLIENT, _parent(current))
        return None

    def _span(self, name: str, kind: "Message.SpanKind.ValueType", parent: Parent) -> SampledSpan:
        return SampledSpan(name, kind, parent, _id(8), self._clock, self._ended)

    def _ended(self, span: SampledSpan) -> None:
        self._offer((encode_span(span),))


def _parent(span: SampledSpan) -> Parent:
    return Parent(span.parent.trace_id, span.span_id, span.parent.state)


def _trace() -> Parent:
    return Parent(_id(16), b"")


def _id(octets: int) -> bytes:
    """An id, which is no secret; zero is not allowed."""
    return random.randrange(1, 1 << 8 * octets).to_bytes(octets, "big")  # noqa: S311 - no secret
