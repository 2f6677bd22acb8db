"""Spans on their way to a real collector."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from adapter.app.preflight.findings import Findings
from adapter.app.preflight.otel import check_tracing, otel_installed
from adapter.app.tracing import Tracing
from adapter.errors import PlatformUnavailableError
from adapter.runtime.clock import SystemClock
from adapter.runtime.supervision import Supervisor
from adapter.telemetry.metrics import Metrics
from tests.rig.collector import named, running_collector
from tests.rig.platform_options import settings_with
from tests.rig.polling import until
from tests.unit.analytics.uploading import UNAVAILABLE


class FailingPlatform:
    """An `EventUpload` to a platform that is away."""

    async def send_events(self, gzip_body: bytes) -> int:
        """See `EventUpload.send_events`."""
        raise UNAVAILABLE


class Rig:
    """The tracer of the settings, and what is counted."""

    def __init__(self, url: str | None, **tracing: Any) -> None:
        endpoint = None if url is None else f"{url}/v1/traces"
        given = {"endpoint": endpoint, "sample": 1, "batch_age_s": 0.05, **tracing}
        settings = settings_with(tracing=given)
        clock = SystemClock()
        self.metrics = Metrics()
        self.tracing = Tracing(settings, clock, self.metrics)
        self.supervisor = Supervisor(clock, lambda _: None)

    @property
    def counts(self) -> dict[str, float]:
        """Spans by outcome."""
        return {n: c for (n,), c in self.metrics.counted("adapter_spans").items()}

    def make(self, count: int) -> None:
        """Make spans."""
        for _ in range(count):
            with self.tracing.tracer.span("poll API"):
                pass

    async def stop(self) -> None:
        """As the adapter does."""
        await self.supervisor.stop()
        await self.tracing.stop()


async def test_uploads_have_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed one too; the environment may rename the process."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "gateway-1")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=p%20d, broken,=x")
    async with running_collector() as collector:
        rig = Rig(collector.url)
        rig.tracing.start(rig.supervisor)
        with pytest.raises(PlatformUnavailableError):
            await rig.tracing.traced_upload(FailingPlatform()).send_events(b"12345")
        await until(lambda: rig.counts)
        await rig.stop()
        (span,) = collector.spans_of("gateway-1")
        resource = named(collector.traces[0].resource_spans[0].resource.attributes)
    assert span.name == "upload events"
    assert named(span.attributes) == {
        "policy_adapter.bytes": 5,
        "error.type": "PlatformUnavailableError",
    }
    assert resource["deployment.environment"] == "p d"
    assert resource["policy_adapter.organization.id"] == "org"
    assert rig.counts == {"exported": 1}


async def test_a_collector_that_is_away_costs_bounded_memory() -> None:
    """The oldest spans are dropped; all that is lost is counted."""
    rig = Rig("http://127.0.0.1:1", max_spans=3)
    rig.make(5)
    assert rig.counts == {"dropped_spool_full": 2}
    rig.tracing.start(rig.supervisor)
    await until(lambda: rig.tracing.alarms)
    assert "check tracing.endpoint" in rig.tracing.alarms["tracing"]
    assert "adapter_spans_waiting 3.0" in (await rig.metrics.render()).decode()
    await rig.supervisor.stop()
    await asyncio.wait_for(rig.tracing.stop(), 20)
    assert rig.counts == {"dropped_spool_full": 2, "dropped_shutdown": 3}


async def test_what_a_collector_refuses_is_logged_once() -> None:
    """Several batches, one line."""
    async with running_collector() as collector:
        collector.answers = [web.Response(status=400), web.Response(status=400)]
        rig = Rig(collector.url, batch_spans=1)
        rig.make(3)
        with capture_logs() as logs:
            rig.tracing.start(rig.supervisor)
            await until(lambda: rig.counts.get("exported"))
            await rig.stop()
    assert [log["event"] for log in logs] == ["tracing.batch_rejected"]
    assert rig.counts == {"dropped_rejected": 2, "exported": 1}


async def test_without_a_collector_there_is_no_tracing() -> None:
    """Nothing is wrapped, so nothing costs."""
    rig = Rig(None)
    platform = FailingPlatform()
    assert not rig.tracing.enabled
    assert rig.tracing.traced_upload(platform) is platform
    rig.make(1)
    rig.tracing.start(rig.supervisor)
    await rig.stop()
    assert rig.tracing.alarms == {}
    assert rig.counts == {}


def test_the_extra_is_named() -> None:
    """A start without it fails with the command that installs it."""
    findings = Findings()
    endpoint = {"endpoint": "https://collector/v1/traces"}
    settings = settings_with(tracing=endpoint)
    check_tracing(findings, settings.tracing, installed=False)
    assert findings.faults == [
        "tracing.endpoint: OpenTelemetry needs an extra: pip install 'envoy-policy-adapter[otel]'"
    ]
    assert otel_installed()
