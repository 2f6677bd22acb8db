"""New processes in place of old ones, under load: adapters as commands, Envoy, platform."""

import asyncio
import signal
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from support.upstream import Upstream
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.adapters import TRANSPORTS, Transport
from tests.rig.control_plane import running_control_plane
from tests.rig.installation import DRAIN_S, envoy_before, race, route, until_healthy
from tests.rig.polling import eventually, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_rolling_restart_loses_nothing(
    upstream: Upstream, tmp_path: Path, transport: Transport
) -> None:
    """Each of two adapters is replaced; all requests are answered, and all are on the platform.

    Then one is killed: Envoy asks the other one again, so no request fails.
    """
    async with running_control_plane(tmp_path) as platform, AsyncExitStack() as stack:
        api_id = (await platform.admin.create_api("orders"))["id"]
        await platform.admin.apply_policy(api_id, "client-id-enforcement", {})
        application = await platform.admin.create_application("Shop")
        await platform.admin.request_contract(api_id, application["id"])

        async def start(name: str, address: str = "127.0.0.1:0") -> AdapterProcess:
            settings = settings_for(
                platform,
                listener={"address": address, "transport": transport},
                shutdown={"drain_s": DRAIN_S},
                analytics={"batch_age_s": 0.2},
            )
            adapter = AdapterProcess(settings, tmp_path / name)
            await stack.enter_async_context(adapter)
            await adapter.until_ready()
            return adapter

        adapters = [await start("one"), await start("two")]
        envoy = await stack.enter_async_context(
            envoy_before(adapters, [route(api_id, upstream.http_address)], tmp_path / "envoy")
        )
        credentials = {"client_id": application["clientId"]}
        done = asyncio.Event()
        statuses: Counter[int] = Counter()

        async def load() -> None:
            while not done.is_set():
                statuses.update(await race(envoy, api_id, 64, credentials))

        loading = asyncio.create_task(load())
        for number, adapter in enumerate(adapters):
            await adapter.stop()
            adapters[number] = await start(f"new-{number}", adapter.address)
            await until_healthy(envoy, 2)
        done.set()
        await loading
        assert set(statuses) == {200}

        async def arrived() -> int:
            return int((await platform.admin.summary("application"))["total"])

        async def all_arrived() -> bool:
            return await arrived() >= statuses[200]

        await eventually(all_arrived)
        groups = (await platform.admin.summary("application"))["groups"]
        assert [(group["name"], group["count"]) for group in groups] == [("Shop", statuses[200])]

        served = upstream.requests
        racing = asyncio.create_task(race(envoy, api_id, 1_000, credentials))
        await until(lambda: upstream.requests > served + 100)
        await adapters[0].stop(signal.SIGKILL)
        assert upstream.requests < served + 1_000, "it was killed too late to show anything"
        assert await racing == {200: 1_000}
