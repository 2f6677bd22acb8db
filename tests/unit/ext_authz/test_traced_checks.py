"""Which Checks have spans, and what the spans say."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from adapter.authorization.decision_counts import DecisionCounts
from adapter.errors import RpcError, StoreError
from adapter.ext_authz.traced_checks import SpanNotes, TracedChecks
from adapter.policy.catalog import ApiInstance, PolicyRef
from adapter.policy.decision import Allowed, Answered, Decision, Denied
from adapter.policy.verdicts import Deny, DenyReason, DirectResponse
from adapter.transport.service import Metadata, UnaryMethod
from tests.rig.collector import named
from tests.rig.spans import KeptSpans

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED = f"00-{TRACE}-00f067aa0ba902b7-01"
NOT_SAMPLED = SAMPLED[:-1] + "0"
ORDERS = ApiInstance("7", "orders")
REFUSED = Denied(
    Deny(DenyReason.QUOTA_EXCEEDED, 429, "Too many requests"),
    3,
    ORDERS,
    PolicyRef("77", "rate-limiting"),
)
Answer = Callable[[SpanNotes], bytes | Awaitable[bytes]]


def deciding(decision: Decision) -> Answer:
    """A service that decides so, at once."""

    def answer(notes: SpanNotes) -> bytes:
        notes.decided(decision, 0.001)
        return b"answer"

    return answer


def deciding_later(decision: Decision) -> Answer:
    """The same in a task of its own."""

    async def later(notes: SpanNotes) -> bytes:
        await asyncio.sleep(0)
        notes.decided(decision, 0.001)
        return b"answer"

    return lambda notes: asyncio.ensure_future(later(notes))


class Rig:
    """A method with spans."""

    def __init__(self, answer: Answer, sample: float = 0) -> None:
        self.kept = KeptSpans(sample)
        self.counts = DecisionCounts()
        self.notes = SpanNotes(self.counts)
        inner = UnaryMethod("/Check", lambda _, __: answer(self.notes))
        tracer = self.kept.tracer
        traced = TracedChecks(inner, self.notes, tracer.begin_check, tracer.sampled)
        self.method = traced.method

    def check(self, **metadata: str) -> Any:
        """Send one Check."""
        given: Metadata = metadata
        return self.method.call(b"", given)

    @property
    def said(self) -> dict[str, Any]:
        """What the only span says about the decision."""
        (span,) = self.kept.all
        attributes = named(span.attributes).items()
        return {k.removeprefix("policy_adapter."): v for k, v in attributes if "rpc." not in k}


@pytest.mark.parametrize(
    ("metadata", "sample", "spans"),
    [
        ({"traceparent": SAMPLED}, 0, 1),
        ({"traceparent": NOT_SAMPLED}, 1, 0),
        ({"traceparent": ""}, 0, 0),
        ({}, 0, 0),
        ({}, 1, 1),
        ({"traceparent": "00-short-01"}, 1, 1),
    ],
)
def test_envoy_decides_or_the_share(metadata: dict[str, str], sample: float, spans: int) -> None:
    """A decision is counted in any case."""
    rig = Rig(deciding(Allowed(ORDERS, 3)), sample)
    assert rig.check(**metadata) == b"answer"
    assert len(rig.kept.all) == spans
    assert rig.counts.counts == {("7", "allowed"): 1}
    assert rig.method.path == "/Check"


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (Allowed(None, 3), {"outcome": "allowed"}),
        (Allowed(ORDERS, 3), {"outcome": "allowed", "api.id": "7"}),
        (Answered(DirectResponse(204), 3, ORDERS), {"outcome": "answered", "api.id": "7"}),
        (Denied(REFUSED.deny, 3), {"outcome": "denied", "reason": "quota_exceeded"}),
        (
            REFUSED,
            {
                "outcome": "denied",
                "reason": "quota_exceeded",
                "api.id": "7",
                "policy.id": "77",
                "policy.type": "rate-limiting",
            },
        ),
    ],
    ids=["unbound", "allowed", "answered", "adapter", "policy"],
)
@pytest.mark.parametrize("when", [deciding, deciding_later])
async def test_a_span_says_what_was_decided(
    when: Callable[[Decision], Answer], decision: Decision, said: dict[str, str]
) -> None:
    """At once or later; a denial is no error."""
    rig = Rig(when(decision))
    answer = rig.check(traceparent=SAMPLED)
    assert (answer if isinstance(answer, bytes) else await answer) == b"answer"
    await asyncio.sleep(0)
    assert rig.said == said | {"decision.revision": "3"}
    (span,) = rig.kept.all
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert rig.notes.open_spans == 0


def failing(_: SpanNotes) -> bytes:
    """A store that is down, as the service says it."""
    raise RpcError(8, "secret address") from StoreError("secret address")


async def _failing_later(notes: SpanNotes) -> bytes:
    return failing(notes)


@pytest.mark.parametrize(
    "answer", [failing, lambda n: asyncio.ensure_future(_failing_later(n))], ids=["now", "later"]
)
async def test_a_check_that_could_not_be_decided_is_an_error(answer: Answer) -> None:
    """The kind of the failure is there, and no message."""
    rig = Rig(answer)
    with pytest.raises(RpcError):
        await rig.check(traceparent=SAMPLED)
    await asyncio.sleep(0)
    (span,) = rig.kept.all
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert rig.said == {"error.type": "StoreError"}
    assert b"secret" not in span.SerializeToString()
    assert rig.notes.open_spans == 0


async def test_a_check_that_envoy_gave_up() -> None:
    """Its span ends, too."""
    rig = Rig(deciding_later(Allowed(None, 3)))
    answer = rig.check(traceparent=SAMPLED)
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer
    await asyncio.sleep(0)
    assert rig.said == {"error.type": "CancelledError"}


async def test_two_checks_that_wait_are_not_mixed_up() -> None:
    """Each decision is noted in its own span, and none in that of another Check."""
    answers = iter((deciding_later(REFUSED), deciding_later(Allowed(None, 3)), deciding(REFUSED)))

    def next_answer(notes: SpanNotes) -> bytes | Awaitable[bytes]:
        return next(answers)(notes)

    rig = Rig(next_answer)
    pending = [rig.check(traceparent=SAMPLED), rig.check(traceparent=SAMPLED)]
    rig.check(traceparent=NOT_SAMPLED)
    await asyncio.gather(*pending)
    await asyncio.sleep(0)
    outcomes = [named(span.attributes)["policy_adapter.outcome"] for span in rig.kept.all]
    assert outcomes == ["denied", "allowed"]
