# mypyc: compiled
"""Spans of Checks.

A Check's parent is Envoy's span, which Envoy names in the call's metadata. The header
`traceparent` of the request that is checked comes from a client, and counts for nothing here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from mypy_extensions import i64

from adapter.authorization.decision_record import ANSWERED
from adapter.authorization.observer import DecisionObserver
from adapter.policy.decision import Allowed, Decision, Denied
from adapter.runtime.spans import CURRENT, Span
from adapter.transport.service import Metadata, UnaryMethod

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
CHECK_SPAN: Final = "envoy.service.auth.v3.Authorization/Check"

_FLAGS_END: Final = 54
"""Where the last digit of the flags is: `00-TRACE-SPAN-01` (W3C Trace Context, 3.2)."""
_SAMPLED_DIGITS: Final = "13579bdf"


class SpanNotes(DecisionObserver):
    """Notes decisions in the spans of their Checks, and tells another observer of them."""

    def __init__(self, observer: DecisionObserver) -> None:
        self._observer: Final = observer
        self.open_spans: i64 = 0
        """Spans of Checks that have not ended. Most of the time there is none, and nothing to look
        for."""

    def decided(self, decision: Decision, elapsed_s: float) -> None:
        """See the base class."""
        self._observer.decided(decision, elapsed_s)
        if self.open_spans:
            span = CURRENT.get()
            if span is not None:
                _note(span, decision)


class TracedChecks:
    """Answers Checks as another method does, and makes spans of the sampled ones.

    A Check whose parent is not sampled costs one look into the metadata. `notes` observes the
    decisions. `sampled` decides about a Check without a parent. `begin` makes a span with the
    parent in `traceparent` and `tracestate`.
    """

    def __init__(
        self,
        method: UnaryMethod,
        notes: SpanNotes,
        begin: Callable[[str, str], Span],
        sampled: Callable[[], bool],
    ) -> None:
        self._call: Final = method.call
        self._path: Final = method.path
        self._notes: Final = notes
        self._begin: Final = begin
        self._sampled: Final = sampled

    @property
    def method(self) -> UnaryMethod:
        """The method, for a server."""
        return UnaryMethod(self._path, self.check)

    def check(self, message: bytes, metadata: Metadata) -> bytes | Awaitable[bytes]:
        """Answer one Check; raises what the other method raises."""
        parent = metadata.get(TRACEPARENT, "")
        if len(parent) > _FLAGS_END:
            if parent[_FLAGS_END] not in _SAMPLED_DIGITS:
                return self._call(message, metadata)
        elif not self._sampled():
            return self._call(message, metadata)
        return self._traced(message, metadata, parent)

    def _traced(self, message: bytes, metadata: Metadata, parent: str) -> bytes | Awaitable[bytes]:
        span = self._begin(parent, metadata.get(TRACESTATE, ""))
        self._notes.open_spans += 1
        token = CURRENT.set(span)
        try:
            answer = self._call(message, metadata)
        except BaseException as e:
            self._end(span, _kind(e))
            raise
        finally:
            CURRENT.reset(token)
        if isinstance(answer, bytes):
            self._end(span)
            return answer
        later = asyncio.ensure_future(answer)
        later.add_done_callback(partial(self._answered, span))
        return later

    def _answered(self, span: Span, answer: "asyncio.Future[bytes]") -> None:
        if answer.cancelled():  # Envoy gave it up
            self._end(span, "CancelledError")
        else:
            error = answer.exception()
            self._end(span, "" if error is None else _kind(error))

    def _end(self, span: Span, failure: str = "") -> None:
        self._notes.open_spans -= 1
        if failure:
            span.fail(failure)
        span.end()


def _note(span: Span, decision: Decision) -> None:
    if decision.api is not None:
        span.note("policy_adapter.api.id", decision.api.api_id)
    span.note("policy_adapter.decision.revision", str(decision.revision))
    span.note("policy_adapter.outcome", _outcome(decision))
    if isinstance(decision, Denied):
        span.note("policy_adapter.reason", decision.deny.reason.value)
        if decision.policy is not None:
            span.note("policy_adapter.policy.id", decision.policy.policy_id)
            span.note("policy_adapter.policy.type", decision.policy.policy_type)


def _outcome(decision: Decision) -> str:
    if isinstance(decision, Allowed):
        return "allowed"
    return "denied" if isinstance(decision, Denied) else ANSWERED


def _kind(error: BaseException) -> str:
    """What went wrong, which the RpcError that Envoy gets does not say."""
    return type(error.__cause__ or error).__name__
