"""What a collector reads of a span."""

import asyncio

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from adapter.runtime.spans import CURRENT, Tracer, fail_current
from tests.rig.clock import FakeClock
from tests.rig.collector import named
from tests.rig.spans import KeptSpans

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


def check_of(traceparent: str, tracestate: str = "") -> Span:
    """The span of a Check with this metadata."""
    kept = KeptSpans()
    kept.tracer.begin_check(traceparent, tracestate).end()
    (span,) = kept.all
    return span


async def test_a_check_is_a_part_of_envoys_span() -> None:
    """With times, kind, the conventions' names for a call, and what was noted."""
    clock = FakeClock()
    kept = KeptSpans(clock=clock)
    span = kept.tracer.begin_check(TRACEPARENT, "vendor=1")
    await clock.advance(2)
    span.note("policy_adapter.outcome", "allowed")
    span.end()
    span.end()
    (sent,) = kept.all
    assert (sent.trace_id.hex(), sent.parent_span_id.hex()) == (TRACE, PARENT)
    assert (sent.name, sent.kind) == (
        "envoy.service.auth.v3.Authorization/Check",
        Span.SPAN_KIND_SERVER,
    )
    assert sent.trace_state == "vendor=1"
    assert sent.end_time_unix_nano - sent.start_time_unix_nano == 2_000_000_000
    assert named(sent.attributes) == {
        "rpc.system": "grpc",
        "rpc.service": "envoy.service.auth.v3.Authorization",
        "rpc.method": "Check",
        "policy_adapter.outcome": "allowed",
    }


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        f"00-{TRACE}-{PARENT}",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"{TRACEPARENT}x",
    ],
)
def test_a_malformed_parent_is_none(traceparent: str) -> None:
    """The Check begins a trace of its own."""
    span = check_of(traceparent)
    assert not span.parent_span_id
    assert span.trace_id.hex() != TRACE
    assert len(span.trace_id) == 16
    assert len(span.span_id) == 8


def test_a_later_version_may_say_more() -> None:
    """As the standard demands of readers."""
    assert check_of(f"01-{TRACE}-{PARENT}-01-more").parent_span_id.hex() == PARENT


def test_a_state_that_is_too_long_is_left_out() -> None:
    """It is not bounded otherwise."""
    assert check_of(TRACEPARENT, "a=" + "1" * 600).trace_state == ""


def test_half_of_a_surrogate_pair_does_no_harm() -> None:
    """The platform's JSON can name one, in the name of a policy's type."""
    kept = KeptSpans()
    span = kept.tracer.begin_check(TRACEPARENT, "")
    span.note("policy_adapter.policy.type", "a\ud800")
    span.end()
    assert named(kept.all[0].attributes)["policy_adapter.policy.type"] == "a?"


def test_a_block_has_a_span_with_parts() -> None:
    """Blocks inside it, and waits, are parts of the same trace."""
    kept = KeptSpans()
    with kept.tracer.span("poll API", api="7"):
        with kept.tracer.span("poll automated policies"):
            fail_current("DocumentError")
        wait = kept.tracer.begin_wait("wait for quota store")
        assert wait is not None
        wait.end()
    inner, waited, outer = kept.all
    assert not outer.parent_span_id
    assert {inner.trace_id, waited.trace_id} == {outer.trace_id}
    assert {inner.parent_span_id, waited.parent_span_id} == {outer.span_id}
    assert waited.kind == Span.SPAN_KIND_CLIENT
    assert (inner.status.code, outer.status.code) == (
        Status.STATUS_CODE_ERROR,
        Status.STATUS_CODE_UNSET,
    )
    assert named(inner.attributes) == {"error.type": "DocumentError"}
    assert named(outer.attributes) == {"api": "7"}
    assert CURRENT.get() is None


def test_an_exception_fails_the_span_without_its_message() -> None:
    """Messages can contain addresses."""
    kept = KeptSpans()
    with pytest.raises(ValueError, match="secret"), kept.tracer.span("upload events"):
        raise ValueError("secret")
    (span,) = kept.all
    assert named(span.attributes) == {"error.type": "ValueError"}
    assert b"secret" not in span.SerializeToString()


def test_only_the_share_is_sampled() -> None:
    """Here chance says 0.5."""
    for sample, spans in ((0.5, 0), (0.6, 1), (0.0, 0)):
        kept = KeptSpans(sample)
        with kept.tracer.span("poll API"):
            assert (CURRENT.get() is None) == (spans == 0)
        assert len(kept.all) == spans
    assert KeptSpans().tracer.begin_wait("wait for key set") is None


async def test_tracing_that_is_off_makes_nothing() -> None:
    """Blocks run, and tasks in them have no span."""
    tracer = Tracer()
    with tracer.span("poll API"):
        assert await asyncio.create_task(asyncio.sleep(0, CURRENT.get())) is None
        assert tracer.begin_wait("wait for key set") is None
        fail_current("DocumentError")
