"""Events reach a real collector, and nothing waits for one that is away."""

import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from envoy.service.accesslog.v3.als_pb2 import StreamAccessLogsMessage
from structlog.testing import capture_logs

from adapter.analytics.otlp.collector_upload import CollectorAnswer, CollectorUpload, Post
from adapter.analytics.otlp.log_request import refused_records
from adapter.analytics.spool.copies import EventCopies
from adapter.app.analytics import Analytics
from adapter.app.otlp_logs import otlp_logs
from adapter.app.preflight.findings import Findings
from adapter.app.preflight.otel import check_otlp_logs
from adapter.errors import PlatformError, PlatformRejectedError, PlatformUnavailableError
from adapter.runtime.clock import SystemClock
from adapter.runtime.supervision import Supervisor
from adapter.settings import AnalyticsSettings, Settings
from adapter.telemetry.metrics import Metrics
from support.defaults import memory_spool
from tests.rig.certificates import Authority
from tests.rig.collector import named, refusing, running_collector
from tests.rig.platform_options import settings_with
from tests.rig.polling import until
from tests.unit.analytics.envoy_log import http_entry
from tests.unit.analytics.translating import translated

EVENT = translated(http_entry())
assert isinstance(EVENT, bytes)
EVENTS = [EVENT, EVENT]
SECRET = "Bearer s3cret-of-the-collector"


class AcceptingPlatform:
    """An `EventUpload` that accepts every batch."""

    def __init__(self) -> None:
        self.batches = 0

    async def send_events(self, gzip_body: bytes) -> int:
        """See `EventUpload.send_events`."""
        self.batches += 1
        return 0


class Rig:
    """The way of events to a collector, and what it counts."""

    def __init__(self, url: str, **otlp: Any) -> None:
        otlp = {"endpoint": f"{url}/v1/logs", **otlp}
        settings = settings_with(analytics={"batch_age_s": 0.05, "otlp_logs": otlp})
        self.metrics = Metrics()
        self.clock = SystemClock()
        self.logs = otlp_logs(otlp["endpoint"], settings, self.clock, self.metrics)
        self.supervisor = Supervisor(self.clock, lambda _: None)

    @property
    def counts(self) -> dict[str, float]:
        """Events by outcome."""
        return {n: c for (n,), c in self.metrics.counted("adapter_otlp_logs").items()}

    async def run(self, done: Callable[[], object]) -> None:
        """Send what is queued, until something holds."""
        self.logs.start(self.supervisor)
        try:
            await until(done)
        finally:
            await self.supervisor.stop()
            await self.logs.stop(0)


async def test_a_collector_gets_each_event_as_a_record(tmp_path: Path) -> None:
    """With the secret of a file, which shows nowhere else, and beside the platform's spool."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    async with running_collector() as collector:
        rig = Rig(collector.url, header_files={"Authorization": str(tmp_path / "secret")})
        spool = memory_spool()
        with capture_logs() as logs:
            EventCopies(spool, rig.logs.queue).offer(EVENTS)
            await rig.run(lambda: rig.counts)
        assert spool.backlog.events == 2
        assert [record.event_name for record in collector.records] == 2 * ["policy_adapter.request"]
        resource = collector.logs[0].resource_logs[0].resource
        assert named(resource.attributes)["service.name"] == "envoy-policy-adapter"
        assert collector.headers[0]["authorization"] == SECRET
        assert SECRET not in str(
            (logs, rig.logs.status, rig.logs.alarms, await rig.metrics.render())
        )
    assert rig.counts == {"exported": 2}


async def after_one_entry(settings: Settings, platform: AcceptingPlatform | None) -> Analytics:
    """Analytics that got one entry, and have stopped."""
    analytics = Analytics(
        settings,
        platform,
        lambda *_: None,
        SystemClock(),
        Metrics(),
        only_for_edges=tuple,
        takes_own_members=lambda: True,
    )
    supervisor = Supervisor(SystemClock(), lambda _: None)
    analytics.start(supervisor)
    message = StreamAccessLogsMessage()
    message.http_logs.log_entry.append(http_entry())
    analytics.method.open({}).consume(message.SerializeToString())
    await supervisor.stop()
    await analytics.stop()
    assert analytics.alarms == {}
    return analytics


async def test_without_a_platform_only_the_collector_gets_events(tmp_path: Path) -> None:
    """Nothing waits for an upload; without a collector, nobody gets them."""
    async with running_collector() as collector:
        endpoint = {"endpoint": f"{collector.url}/v1/logs"}
        for otlp in (endpoint, {}):
            settings = Settings.model_validate(
                {
                    "platform": {"file": tmp_path / "environment.yaml"},
                    "state_directory": tmp_path / "state",
                    "analytics": {"otlp_logs": otlp},
                }
            )
            status = (await after_one_entry(settings, None)).status
            assert (status["upload"], status["spool"]) == (None, "memory")
            assert status["waiting"] == {"events": 0, "bytes": 0}
        assert len(collector.records) == 1
        resource = named(collector.logs[0].resource_logs[0].resource.attributes)
        assert "policy_adapter.organization.id" not in resource
    assert not (tmp_path / "state").exists()


async def test_entries_reach_platform_and_collector() -> None:
    """The composition gives each event to both, and the end of the process sends what is left."""
    async with running_collector() as collector:
        platform, endpoint = AcceptingPlatform(), {"endpoint": f"{collector.url}/v1/logs"}
        analytics = await after_one_entry(
            settings_with(analytics={"otlp_logs": endpoint}), platform
        )
        assert [record.body.string_value for record in collector.records] == ["GET /orders/1 200"]
        resource = named(collector.logs[0].resource_logs[0].resource.attributes)
        assert resource["policy_adapter.environment.id"] == "env"
        assert resource["service.instance.id"].endswith(":9001")
    assert platform.batches == 1
    assert json.loads(json.dumps(analytics.status))["otlp_logs"]["waiting"]["events"] == 0


async def test_refused_records_and_batches_are_counted_and_logged_once() -> None:
    """Two batches that a collector never takes make one line; a later one arrives in part."""
    async with running_collector() as collector:
        collector.answers = [web.Response(status=400), web.Response(status=403), refusing(1)]
        rig = Rig(collector.url, batch_events=2)
        with capture_logs() as logs:
            rig.logs.queue.offer(3 * EVENTS)
            await rig.run(lambda: rig.counts.get("exported"))
    assert rig.counts == {"dropped_rejected": 5, "exported": 1}
    said = [log["event"] for log in logs]
    assert said == ["otlp_logs.batch_rejected", "otlp_logs.events_rejected"]


async def test_a_queue_that_is_full_drops_the_oldest() -> None:
    """A collector that is away costs bounded memory, and no event of the platform."""
    rig = Rig("http://127.0.0.1:1", max_events=3)
    rig.logs.queue.offer(2 * EVENTS)
    assert rig.counts == {"dropped_spool_full": 1}
    await rig.run(lambda: rig.logs.alarms)
    assert rig.counts == {"dropped_spool_full": 1, "dropped_shutdown": 3}
    assert (
        "127.0.0.1:1 refuses connections: no server runs there, or the port is wrong; check "
        "analytics.otlp_logs.endpoint" in rig.logs.alarms["analytics.otlp_logs"]
    )
    shown = (await rig.metrics.render()).decode()
    assert 'adapter_otlp_log_failures_total{kind="unavailable"} 1.0' in shown
    assert "adapter_otlp_logs_waiting 0.0" in shown


async def test_a_collectors_own_authority(tmp_path: Path) -> None:
    """`ca_file` is trusted; without it, the collector gets nothing and the setting is named."""
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("collector"))
    async with running_collector(context) as collector:
        stranger = Rig(collector.url)
        stranger.logs.queue.offer(EVENTS)
        await stranger.run(lambda: stranger.logs.alarms)
        assert "set analytics.otlp_logs.ca_file" in stranger.logs.alarms["analytics.otlp_logs"]
        assert collector.headers == []
        rig = Rig(collector.url, ca_file=str(authority.certificate))
        rig.logs.queue.offer(EVENTS)
        await rig.run(lambda: rig.counts)
        assert len(collector.records) == 2


async def test_a_ca_file_that_went_away(tmp_path: Path) -> None:
    """The setting is named, and the events wait."""
    rig = Rig("https://127.0.0.1:1", ca_file=str(tmp_path / "gone.pem"))
    rig.logs.queue.offer(EVENTS)
    await rig.run(lambda: rig.logs.alarms)
    assert "check analytics.otlp_logs.ca_file" in rig.logs.alarms["analytics.otlp_logs"]


def post_to(status: int, body: bytes = b"", wait: float | None = None) -> Post:
    """What posts to a collector with this answer."""

    async def post(*_: object) -> CollectorAnswer:
        return CollectorAnswer(status, wait, body)

    return post


def upload(post: Post, **header_files: Path) -> CollectorUpload:
    """An upload of log records."""
    return CollectorUpload(post, header_files, "analytics.otlp_logs", refused_records)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, PlatformUnavailableError),
        (503, PlatformUnavailableError),
        (400, PlatformRejectedError),
        (401, PlatformRejectedError),
        (302, PlatformRejectedError),
    ],
)
async def test_what_a_status_means(status: int, error: type[PlatformError]) -> None:
    """Try again, or give up these records."""
    with pytest.raises(error, match=f"the collector answered {status}"):
        await upload(post_to(status)).send_events(b"")


async def test_a_collectors_wish_to_wait_is_kept() -> None:
    """The back-off waits at least as long as `Retry-After` says."""
    with pytest.raises(PlatformUnavailableError) as error:
        await upload(post_to(429, wait=17)).send_events(b"")
    assert error.value.retry_after_s == 17


async def test_an_answer_that_is_no_protobuf_is_an_acceptance() -> None:
    """Some collectors answer in JSON, whatever they were asked in."""
    assert await upload(post_to(200, b'{"partialSuccess":{}}')).send_events(b"") == 0


@pytest.mark.parametrize("content", [None, b"", b"a\nb", "ä".encode()], ids=str)
async def test_a_header_file_that_cannot_be_used(tmp_path: Path, content: bytes | None) -> None:
    """At the start and later, the message names the setting and the file, and no content."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PlatformUnavailableError, match=r"otlp_logs\.header_files: .*secret"):
        await upload(post_to(200), authorization=file).send_events(b"")
    otlp = {"endpoint": "http://collector/v1/logs", "header_files": {"authorization": str(file)}}
    findings = Findings()
    settings = AnalyticsSettings.model_validate({"otlp_logs": otlp})
    check_otlp_logs(findings, settings, installed=False)
    install, header = findings.faults
    assert install.endswith("needs an extra: pip install 'envoy-policy-adapter[otel]'")
    assert header.startswith("analytics.otlp_logs.header_files.authorization: ")
    assert findings.notes == [
        "analytics.otlp_logs.endpoint: is http://, so what is sent crosses the network in clear "
        "text; use https://"
    ]
