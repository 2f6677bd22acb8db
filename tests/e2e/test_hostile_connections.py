"""Clients that hold connections, and Envoys that go on beside them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from adapter.ext_authz.service import CHECK
from support.defaults import server_options
from support.upstream import Upstream
from tests.e2e.conftest import APIS, TOKEN, config_for
from tests.integration.transport.hostile import HELLO, many, opening
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.adapters import AdapterInProcess
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.envoy import Envoy
from tests.rig.raw_http import request
from tests.rig.raw_http2 import DATA, frame, message

HALF_A_REQUEST = b"GET /metrics HTTP/1.1\r\nhost: a\r\n"
HALF_A_CHECK = HELLO + opening(CHECK) + frame(DATA, 0, 1, message(bytes(9_000))[:-1])
CONNECTIONS = 16
ROOM_FOR_STRANGERS = 260


@pytest.mark.parametrize("octets", [b"", HALF_A_CHECK])
@pytest.mark.asyncio(loop_scope="session")
async def test_an_envoy_with_the_token_is_not_locked_out(
    binary: Path, upstream: Upstream, tmp_path: Path, octets: bytes
) -> None:
    """Neither its Checks nor its health checks, for which it has a connection of its own."""
    options = server_options(max_connections=CONNECTIONS)
    async with (
        AdapterInProcess(APIS, token=TOKEN, options=options) as adapter,
        many(adapter.address, CONNECTIONS, octets),
        Envoy(binary, config_for(upstream, adapter.address), tmp_path) as envoy,
    ):
        for _ in range(5):
            async with many(adapter.address, CONNECTIONS, octets):
                assert (await request(envoy.address, "open.test")).status == 200
                assert (await request(envoy.address, "refused.test")).status == 429
        assert await envoy.stat("cluster.adapter.membership_healthy") == 1
        assert {code for _, code in adapter.observed.failed} <= {16}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[RunningControlPlane]:
    """A platform with one API that asks for a client id."""
    async with running_control_plane(tmp_path) as platform:
        api = await platform.admin.create_api("orders")
        await platform.admin.apply_policy(api["id"], "client-id-enforcement", {})
        yield platform


def counted(metrics: list[str], *parts: str) -> float:
    """The value of the metric whose line has these parts."""
    (line,) = (line for line in metrics if all(part in line for part in parts) and line[0] != "#")
    return float(line.split()[-1])


async def test_half_requests_at_every_listener_stop_nothing(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """A process that may have 256 files open answers Checks, probes and operators all the same."""
    settings = settings_for(platform, listener={"token": TOKEN})
    async with AdapterProcess(settings, tmp_path, descriptors=256) as adapter:
        await adapter.until_ready()
        attacked = [
            (adapter.metrics.removeprefix("http://"), HALF_A_REQUEST),
            (adapter.inspection.removeprefix("http://"), HALF_A_REQUEST),
            (adapter.address, HALF_A_CHECK),
        ]
        async with AsyncExitStack() as stack:
            for address, octets in attacked:
                await stack.enter_async_context(many(address, ROOM_FOR_STRANGERS, octets))
            answers = await asyncio.gather(*(adapter.check("1") for _ in range(5)))
            assert [answer.denied_response.status.code for answer in answers] == [401] * 5
            assert (await adapter.readiness())["ready"]
            assert (await adapter.inspect("/apis"))["total"] == 1
            metrics = await adapter.metric_lines()
        assert counted(metrics, "adapter_transport_faults", 'kind="connections"') > 0
        for name in ("metrics", "inspection"):
            faults = counted(
                metrics, "adapter_operator_faults", 'kind="connections"', f'listener="{name}"'
            )
            assert faults > 0
        assert "descriptors.too_few" in adapter.log.read_text()
