"""A tracer whose spans a test reads."""

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from adapter.runtime.clock import Clock
from adapter.telemetry.tracing.tracer import SamplingTracer
from tests.rig.clock import FakeClock


class KeptSpans:
    """A tracer that samples this share, or all of it, and keeps what it makes."""

    def __init__(self, sample: float = 1, clock: Clock | None = None) -> None:
        self._encoded: list[bytes] = []
        self.tracer = SamplingTracer(
            self._encoded.extend, sample, clock or FakeClock(), lambda: 0.5
        )

    @property
    def all(self) -> list[Span]:
        """The spans that have ended, as a collector reads them."""
        return [Span.FromString(octets) for octets in self._encoded]
