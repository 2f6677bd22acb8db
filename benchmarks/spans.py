"""Spans without a collector: they are made, encoded and compressed, and nobody gets them."""

import asyncio
from typing import NoReturn

from adapter.authorization.decision_counts import DecisionCounts
from adapter.ext_authz.traced_checks import SpanNotes, TracedChecks
from adapter.runtime.clock import Clock
from adapter.telemetry.tracing.span_request import SpanRequests
from adapter.telemetry.tracing.tracer import SamplingTracer
from adapter.transport.service import UnaryMethod

_BATCH_SPANS = 500
_BATCH_AGE_S = 0.25


class Traced:
    """What makes spans of sampled Checks, and the spans that wait."""

    def __init__(self, clock: Clock) -> None:
        self._waiting: list[bytes] = []
        self.tracer = SamplingTracer(self._waiting.extend, 0, clock)
        self.notes = SpanNotes(DecisionCounts())
        self._requests = SpanRequests("0", {"service.name": "benchmark"})

    def method(self, checks: UnaryMethod) -> UnaryMethod:
        """The method with spans; its service must have `notes` as its observer."""
        tracer = self.tracer
        return TracedChecks(checks, self.notes, tracer.begin_check, tracer.sampled).method

    async def flush(self) -> None:
        """Make the bodies of requests."""
        while some := self._waiting[:_BATCH_SPANS]:
            del self._waiting[: len(some)]
            await self._requests.encode(some)

    async def encode(self) -> NoReturn:
        """Flush again and again."""
        while True:
            await asyncio.sleep(_BATCH_AGE_S)
            await self.flush()
