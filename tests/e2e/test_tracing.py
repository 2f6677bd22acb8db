"""A trace through Envoy, the adapter and Redis; Envoy is set up as the docs say."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from adapter.envoy_config import render
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.e2e.conftest import manager_and_filter
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.collector import Collector, named, running_collector
from tests.rig.control_plane import running_control_plane
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.installation import domain, route, until_healthy
from tests.rig.polling import until
from tests.rig.raw_http import request
from tests.rig.redis_server import running_redis

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = (Path(__file__).parents[2] / "docs" / "tracing.md").read_text()
LIMIT = {"rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 3_600_000}]}
CHECK = "envoy.service.auth.v3.Authorization/Check"
CLIENTS_SPAN = "00f067aa0ba902b7"
CLIENTS_PARENT = f"00-4bf92f3577b34da6a3ce929d0e0e4736-{CLIENTS_SPAN}-01"
NOT_SAMPLED = "00-4bf92f3577b34da6a3ce929d0e0e4737-00f067aa0ba902b7-00"
SECRET = "s3cret-that-nobody-sees"


def traced(config: str, collector: Collector) -> str:
    """The configuration with the parts of the docs, for this collector and all requests."""
    port = collector.url.rpartition(":")[2]
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    manager_part, cluster = (yaml.safe_load(b.replace("4318", port)) for b in blocks[1:])
    manager_part["tracing"]["random_sampling"]["value"] = 100
    bootstrap = yaml.safe_load(config)
    manager_and_filter(bootstrap)[0].update(manager_part)
    bootstrap["static_resources"]["clusters"].append(cluster)
    # Otherwise Envoy keeps a few spans for 5 seconds.
    runtime = {"tracing.opentelemetry.min_flush_spans": 1}
    bootstrap["layered_runtime"] = {"layers": [{"name": "test", "static_layer": runtime}]}
    text: str = yaml.safe_dump(bootstrap)
    return text


class Traces:
    """The spans that have arrived."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def ours(self, name: str) -> list[Span]:
        """The adapter's spans of that name."""
        spans = self._collector.spans_of("envoy-policy-adapter")
        return [span for span in spans if span.name == name]

    def envoys(self, span_id: bytes) -> Span:
        """Envoy's span with that id."""
        (found,) = [s for s in self._collector.spans_of("envoy") if s.span_id == span_id]
        return found


def attributes(span: Span) -> dict[str, Any]:
    """Without what is the same in every Check."""
    found = named(span.attributes)
    return {name: value for name, value in found.items() if not name.startswith("rpc.")}


async def test_one_trace_from_envoy_to_redis(upstream: Upstream, tmp_path: Path) -> None:
    """Envoy's span is the parent of the Check's, whatever a client's header says."""
    async with (
        running_control_plane(tmp_path) as platform,
        running_redis(tmp_path) as redis,
        running_collector() as collector,
    ):
        api_id = (await platform.admin.create_api("orders"))["id"]
        await platform.admin.apply_policy(api_id, "rate-limiting", LIMIT)
        settings = settings_for(
            platform,
            quota={"store": "redis", "url": redis.url, "deadline_s": 5},
            tracing={
                "endpoint": f"{collector.url}/v1/traces",
                "sample": 1,
                "batch_age_s": 0.1,
            },
            analytics={"batch_age_s": 0.1},
        )
        async with AdapterProcess(settings, tmp_path) as adapter:
            config = envoy_config(
                apis=(route(api_id, upstream.http_address),),
                adapters=tuple(adapter.addresses),
                check_timeout_s=5.0,
                health_interval_s=0.2,
                log_flush_s=0.2,
            )
            text = traced(render(config), collector)
            async with Envoy(envoy_binary(NEWEST), text, tmp_path / "envoy", 1) as envoy:
                await until_healthy(envoy, 1)
                for parent in (CLIENTS_PARENT, CLIENTS_PARENT, NOT_SAMPLED):
                    headers = (("traceparent", parent), ("authorization", SECRET))
                    await request(envoy.address, domain(api_id), f"/orders?key={SECRET}", headers)
                traces = Traces(collector)
                await until(lambda: len(traces.ours(CHECK)) == 2 and traces.ours("upload events"))
                checks = traces.ours(CHECK)
                await until(lambda: len(collector.spans_of("envoy")) >= 5)
                for check in checks:
                    egress = traces.envoys(check.parent_span_id)
                    assert egress.trace_id == check.trace_id
                    assert check.trace_id.hex() in CLIENTS_PARENT
                    assert check.kind == Span.SPAN_KIND_SERVER
                    assert traces.envoys(egress.parent_span_id).name == "ingress"
                waits = traces.ours("wait for quota store")
                assert [w.parent_span_id for w in waits] == [c.span_id for c in checks]
                assert {wait.trace_id for wait in waits} == {check.trace_id for check in checks}
                assert [attributes(check)["policy_adapter.outcome"] for check in checks] == [
                    "allowed",
                    "denied",
                ]
                denied = attributes(checks[1])
                assert denied.pop("policy_adapter.decision.revision").isdigit()
                assert denied.pop("policy_adapter.policy.id").isdigit()
                assert denied == {
                    "policy_adapter.api.id": str(api_id),
                    "policy_adapter.outcome": "denied",
                    "policy_adapter.policy.type": "rate-limiting",
                    "policy_adapter.reason": "quota_exceeded",
                }
                polls = traces.ours("poll API")
                assert named(polls[0].attributes) == {"policy_adapter.api.id": str(api_id)}
                assert not polls[0].parent_span_id
                lines = await adapter.metric_lines()
        assert any(line.startswith('adapter_spans_total{outcome="exported"}') for line in lines)
        assert SECRET not in str(collector.traces).replace(f"/orders?key={SECRET}", "")
        ours = str([t for t in collector.traces if "envoy-policy-adapter" in str(t)])
        assert SECRET not in ours
        assert CLIENTS_SPAN not in {check.parent_span_id.hex() for check in checks}
