"""The access log service takes streams and fills the spool."""

import json
import uuid
from typing import Any

from envoy.service.accesslog.v3 import als_pb2 as als
from structlog.testing import capture_logs

from adapter.analytics.access_log import METHOD_PATH, AccessLogService
from adapter.analytics.event import EventEncoder, EventOrigin
from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.spool.memory import MemorySpool
from adapter.policy.catalog import ApiInstance
from adapter.policy.request.attributes import RequestAttributes
from support.defaults import entry_translator
from tests.rig.clock import FakeClock
from tests.unit.analytics.envoy_log import (
    denied_entry,
    http_entry,
    message,
    message_of,
    tcp_entry,
)
from tests.unit.analytics.recording import RecordingObserver

ALL = BatchLimit(10_000, 10_000_000)


def nothing_bound(_: RequestAttributes) -> ApiInstance | None:
    """Bind nothing."""
    return None


class Service:
    """The service with all that it touches."""

    def __init__(self, room: int = 1000) -> None:
        self.observer = RecordingObserver()
        self.clock = FakeClock()
        self.spool = MemorySpool(room, 1000 * room, self.observer)
        self.service = AccessLogService(
            entry_translator(
                nothing_bound, EventEncoder(EventOrigin("org-1", "host-1", "service_mesh"))
            ),
            self.spool,
            self.clock,
            observer=self.observer,
        )

    async def events(self) -> list[dict[str, Any]]:
        """Take out what was offered, when all has been read."""
        await self.service.drain()
        batch = await self.spool.take(ALL)
        return [json.loads(event) for event in batch.events] if batch else []


def test_method_is_the_one_that_envoy_calls() -> None:
    """The path is that of Envoy's own service definition."""
    method = als.DESCRIPTOR.services_by_name["AccessLogService"].methods[0]
    assert f"/{method.containing_service.full_name}/{method.name}" == METHOD_PATH


async def test_every_entry_of_every_message_becomes_an_event() -> None:
    """All requests are there, denied ones included, in order, with ids of their own."""
    rig = Service()
    stream = rig.service.open({})
    stream.consume(message(http_entry(path="/1"), denied_entry()).SerializeToString())
    stream.consume(message(http_entry(path="/3")).SerializeToString())
    stream.finish()
    events = await rig.events()
    assert [event["status_code"] for event in events] == [200, 429, 200]
    assert len({event["event_id"] for event in events}) == 3
    assert rig.observer.counts == {"offered": 3}


async def test_a_stream_that_ends_leaves_nothing_behind() -> None:
    """The entries of a long message are events before a drained adapter sends its last ones."""
    rig = Service()
    stream = rig.service.open({})
    stream.consume(message(*[http_entry()] * 700).SerializeToString())
    stream.finish()
    await rig.service.drain()
    assert rig.spool.backlog.events == 700
    assert rig.observer.counts == {"offered": 700}


async def test_an_envoy_that_introduces_itself_again_and_again_does_not_fill_the_log() -> None:
    """Once a minute is enough, and so are a few Envoys."""
    rig = Service()
    stream = rig.service.open({})

    def introduce(node: str) -> None:
        sent = message()
        sent.identifier.node.id = node
        stream.consume(sent.SerializeToString())

    with capture_logs() as logs:
        for number in range(200):
            introduce("edge-1")
            introduce(f"other-{number}")
        await rig.service.drain()
        assert len(logs) == 32
        await rig.clock.advance(60)
        introduce("edge-1")
        await rig.service.drain()
    assert [log["node"] for log in logs].count("edge-1") == 2


async def test_event_ids_carry_our_time() -> None:
    """Ids are ordered by when we made them, whatever the request says."""
    rig = Service()
    rig.service.open({}).consume(message(http_entry()).SerializeToString())
    (event,) = await rig.events()
    assert uuid.UUID(event["event_id"]).int >> 80 == int(rig.clock.now() * 1000)


async def test_first_message_with_envoys_identity() -> None:
    """The long introduction of a stream is logged once and costs no entry."""
    rig = Service()
    first = message(http_entry())
    first.identifier.log_name = "adapter"
    first.identifier.node.id = "edge-1"
    first.identifier.node.user_agent_name = "envoy"
    for number in range(1000):
        first.identifier.node.extensions.add().name = f"envoy.extension.{number}"
    with capture_logs() as logs:
        rig.service.open({}).consume(first.SerializeToString())
    assert len(await rig.events()) == 1
    assert [(log["event"], log["node"]) for log in logs] == [("access_log.stream_opened", "edge-1")]


async def test_tcp_logs_are_read() -> None:
    """Entries of the TCP access logger become events as well."""
    rig = Service()
    sent = als.StreamAccessLogsMessage()
    sent.tcp_logs.log_entry.append(tcp_entry())
    rig.service.open({}).consume(sent.SerializeToString())
    assert [event["verb"] for event in await rig.events()] == ["TCP"]


async def test_broken_entry_costs_only_itself() -> None:
    """One unreadable entry is counted; its neighbours arrive."""
    rig = Service()
    good = http_entry().SerializeToString()
    rig.service.open({}).consume(message_of(good, b"\xff\xff", good))
    assert len(await rig.events()) == 2
    assert rig.observer.counts == {"offered": 2, "broken": 1}


async def test_entry_of_an_impossible_time_costs_only_itself() -> None:
    """A moment that no calendar has is a broken entry, not the end of the stream."""
    rig = Service()
    late = http_entry()
    late.common_properties.start_time.seconds = 2**62
    long = http_entry()
    long.common_properties.duration.seconds = 2**62
    rig.service.open({}).consume(message(late, long, http_entry()).SerializeToString())
    assert len(await rig.events()) == 1
    assert rig.observer.counts["broken"] == 2


async def test_broken_message_does_not_end_the_stream() -> None:
    """What cannot be parsed at all is counted, and the next message is read."""
    rig = Service()
    stream = rig.service.open({})
    for nonsense in (b"\x12\xff", b"\xff" * 40):
        stream.consume(nonsense)
    stream.consume(b"")
    stream.consume(message(http_entry()).SerializeToString())
    assert len(await rig.events()) == 1
    assert rig.observer.counts == {"offered": 1, "broken": 2}


async def test_broken_entries_are_logged_now_and_then_without_content() -> None:
    """An operator learns of broken entries; the log is neither flooded nor told secrets."""
    rig = Service()
    stream = rig.service.open({})
    with capture_logs() as logs:
        for _ in range(3):
            stream.consume(message_of(b"\xffs3cret", b"\xffs3cret"))
        await rig.clock.advance(60)
        stream.consume(message_of(b"\xffs3cret"))
    assert [log["event"] for log in logs] == ["access_log.entry_broken"] * 2
    assert "s3cret" not in str(logs)
    assert rig.observer.counts["broken"] == 7


async def test_entries_of_no_api_are_counted_by_cause() -> None:
    """What makes no event is counted, so that totals can be explained."""
    rig = Service()
    aborted = http_entry(record=None, status=0, details="")
    sent = message(http_entry(record=None), aborted, aborted)
    rig.service.open({}).consume(sent.SerializeToString())
    assert await rig.events() == []
    assert rig.observer.counts == {"unattributed unchecked": 1, "unattributed client_abort": 2}


async def test_spool_that_is_full_never_stops_the_stream() -> None:
    """With the platform away for long the oldest events go, counted; Envoy notices nothing."""
    rig = Service()
    stream = rig.service.open({})
    for number in range(1100):
        stream.consume(message(http_entry(path=f"/{number}")).SerializeToString())
    events = await rig.events()
    assert [events[0]["path"], events[-1]["path"], len(events)] == ["/100", "/1099", 1000]
    assert rig.observer.counts == {"offered": 1100, "dropped spool_full": 100}
