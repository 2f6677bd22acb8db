"""Spans of polls."""

from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tests.rig.collector import named
from tests.rig.platform_simulator import answering
from tests.rig.spans import KeptSpans
from tests.unit.platform_client.sync_rig import Rig


async def test_each_poll_has_a_span() -> None:
    """With its API, and the kind of its failure."""
    kept = KeptSpans()
    rig = Rig(tracer=kept.tracer)
    rig.platform.fail("/policies", answering(500))
    await rig.sync.sync_once()
    by_name = {span.name: span for span in kept.all}
    assert set(by_name) == {"poll automated policies", "poll API instances", "poll API"}
    poll = by_name["poll API"]
    assert named(poll.attributes) == {
        "policy_adapter.api.id": "7",
        "error.type": "PlatformUnavailableError",
    }
    assert poll.status.code == Status.STATUS_CODE_ERROR
    assert by_name["poll API instances"].status.code == Status.STATUS_CODE_UNSET
