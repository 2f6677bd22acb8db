"""A sidecar whose route lost the filter: the adapter's operator is told."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.envoy_config import render
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import running_control_plane
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.installation import domain, route
from tests.rig.polling import eventually
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

SIDECAR = "sidecar~10.0.0.7~orders-1.shop~shop.svc.cluster.local"
PER_ROUTE = "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute"


def bypassing(api_id: int, upstream: str, adapter: str) -> str:
    """A sidecar as Istio names it, whose route to the API is not checked."""
    config = yaml.safe_load(
        render(envoy_config((route(api_id, upstream),), (adapter,), log_flush_s=0.2))
    )
    config["node"] = {"id": SIDECAR, "cluster": "orders.shop"}
    (listener,) = config["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    (host,) = [
        h for h in manager["route_config"]["virtual_hosts"] if domain(api_id) in h["domains"]
    ]
    for unchecked in host["routes"]:
        unchecked["typed_per_filter_config"] = {
            "envoy.filters.http.ext_authz": {"@type": PER_ROUTE, "disabled": True}
        }
    return str(yaml.safe_dump(config))


async def test_log_metric_and_readiness_tell_of_it(upstream: Upstream, tmp_path: Path) -> None:
    """Requests that passed without a Check, and settings that are for gateways."""
    async with running_control_plane(tmp_path) as platform:
        api_id = (await platform.admin.create_api("orders"))["id"]
        settings = settings_for(platform, requests={"forwarded_for_position": 1})
        async with AdapterProcess(settings, tmp_path) as adapter:
            await adapter.until_ready()
            config = bypassing(api_id, upstream.http_address, adapter.address)
            async with Envoy(envoy_binary(NEWEST), config, tmp_path / "envoy") as envoy:
                assert (await request(envoy.address, domain(api_id))).status == 200
                details: dict[str, Any] = {}

                async def told() -> bool:
                    details.update((await adapter.readiness())["details"])
                    return f"api {api_id} unchecked" in details

                await eventually(told)
                metrics = await adapter.metric_lines()
    assert "policy-adapter doctor" in details[f"api {api_id} unchecked"]
    assert SIDECAR in details["workloads"]
    assert "requests.forwarded_for_position" in details["workloads"]
    assert f'adapter_unchecked_requests_total{{api="{api_id}"}} 1.0' in metrics
    events = {json.loads(line)["event"] for line in adapter.log.read_text().splitlines()}
    assert {
        "settings.only_for_edges",
        "settings.unsafe_at_workloads",
        "analytics.request_unchecked",
    } <= events
