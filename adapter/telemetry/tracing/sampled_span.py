"""A span that somebody wants to see."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from adapter.runtime.clock import Clock
from adapter.telemetry.tracing.traceparent import Parent

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

    SpanKind = Message.SpanKind


class SampledSpan:
    """A `Span` that is kept. `ended` is called once, when it ends."""

    __slots__ = (
        "_clock",
        "_ended",
        "ends_at",
        "error",
        "kind",
        "name",
        "notes",
        "parent",
        "span_id",
        "starts_at",
    )

    def __init__(
        self,
        name: str,
        kind: "SpanKind.ValueType",
        parent: Parent,
        span_id: bytes,
        clock: Clock,
        ended: "SpanEnded",
    ) -> None:
        self.name = name
        self.kind = kind
        self.parent = parent
        """Without a `span_id` if the trace begins here."""
        self.span_id = span_id
        self.starts_at = clock.now()
        self.ends_at = self.starts_at
        self.notes: list[tuple[str, str | int]] = []
        self.error = ""
        self._clock = clock
        self._ended: SpanEnded | None = ended

    def note(self, name: str, value: str | int) -> None:
        """See `Span`."""
        self.notes.append((name, value))

    def fail(self, kind: str) -> None:
        """See `Span`."""
        self.error = kind

    def end(self) -> None:
        """See `Span`."""
        if self._ended is not None:
            ended, self._ended = self._ended, None
            self.ends_at = self._clock.now()
            ended(self)


SpanEnded: TypeAlias = Callable[[SampledSpan], None]
