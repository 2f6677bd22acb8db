"""Several workers behind one Envoy: real processes, Envoy and platform."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapter.app.parent import Parent
from adapter.errors import ConfigurationError
from adapter.runtime.clock import SystemClock
from adapter.settings import Settings
from support.upstream import Upstream
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.envoy import Envoy
from tests.rig.installation import DRAIN_S, envoy_before, race, route, until_healthy
from tests.rig.polling import eventually, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Bench:
    """An adapter with two workers behind an Envoy."""

    def __init__(
        self, platform: RunningControlPlane, adapter: AdapterProcess, envoy: Envoy, apis: list[int]
    ) -> None:
        self.platform = platform
        self.adapter = adapter
        self.envoy = envoy
        self.orders, self.stock = apis

    async def race(self, requests: int = 64) -> Counter[int]:
        """Send requests to the first API; returns how often each status occurred."""
        return await race(self.envoy, self.orders, requests)

    async def pid(self, number: int) -> int:
        """The process of a worker that runs."""
        items = (await self.adapter.inspect("/workers"))["items"]
        return int(items[number]["pid"] or 0)

    async def end(self, number: int, how: signal.Signals) -> Counter[int]:
        """End a worker under load, until another one is in its place; returns the statuses."""
        pid, statuses = await self.pid(number), Counter[int]()
        os.kill(pid, how)

        async def replaced() -> bool:
            statuses.update(await self.race(16))
            return await self.pid(number) not in (0, pid)

        await eventually(replaced)
        await self.adapter.until_ready()
        await until_healthy(self.envoy, 2)
        return statuses

    async def checks(self) -> list[int]:
        """How many Checks and health checks each worker has got from Envoy."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.envoy.admin}/clusters?format=json") as answer,
        ):
            clusters = json.loads(await answer.text())["cluster_statuses"]
        (hosts,) = [c["host_statuses"] for c in clusters if c["name"] == "adapter"]
        return [_counter(host, "rq_success") for host in hosts]

    async def until_stored(self, api: str, wanted: int) -> None:
        """Wait until the platform has so many events of this API, and never more."""

        async def stored() -> bool:
            groups = (await self.platform.admin.summary("api", duration="1d"))["groups"]
            counts = {group["name"]: group["count"] for group in groups}
            assert counts.get(api, 0) <= wanted
            return bool(counts.get(api, 0) == wanted)

        await eventually(stored)


def _counter(host: Any, name: str) -> int:
    return int(next(s.get("value", 0) for s in host["stats"] if s["name"] == name))


@asynccontextmanager
async def two_workers(upstream: Upstream, directory: Path) -> AsyncIterator[Bench]:
    """Two APIs, an adapter with two workers, and Envoy before it."""
    async with running_control_plane(directory) as platform:
        apis = [(await platform.admin.create_api(name))["id"] for name in ("orders", "stock")]
        settings = settings_for(
            platform,
            listener={"address": f"unix:{directory}/a"},
            shutdown={"drain_s": DRAIN_S},
            analytics={"batch_age_s": 0.2},
        ) | {"workers": 2, "state_directory": str(directory / "state")}
        async with AdapterProcess(settings, directory / "adapter") as adapter:
            await adapter.until_ready()
            routes = [route(api_id, upstream.http_address) for api_id in apis]
            async with envoy_before([adapter], routes, directory / "envoy") as envoy:
                yield Bench(platform, adapter, envoy, apis)


async def test_two_workers(upstream: Upstream, tmp_path: Path) -> None:
    """Both decide; one may end at any time; changes reach both; all events arrive."""
    async with two_workers(upstream, tmp_path) as bench:
        details = (await bench.adapter.readiness())["details"]
        assert list(details) == ["quotas"]
        assert "up to 2 times as many requests" in details["quotas"]
        sent = await bench.race()
        assert all(count > 16 for count in await bench.checks())
        sent += await bench.end(1, signal.SIGTERM)
        assert set(sent) == {200}
        await bench.until_stored("orders", sent.total())

        await bench.platform.admin.apply_policy(bench.orders, "access-block", {})
        assert (await bench.adapter.post("/sync"))["synced"]
        assert await bench.race() == {403: 64}
        denials = await bench.adapter.inspect("/denials?limit=64")
        assert len({item["id"] for item in denials["items"]}) == denials["total"] == 64
        metrics = await bench.adapter.metric_lines()
        assert 'adapter_decisions_total{api="1",outcome="access_blocked"} 64.0' in metrics
        assert "adapter_quota_multiplier 2.0" in metrics

        statuses = await bench.end(0, signal.SIGKILL)
        assert statuses[403] > 0.8 * statuses.total()
        assert set(statuses) <= {403, 503}
        assert "adapter_worker_restarts_total 2.0" in await bench.adapter.metric_lines()

        await bench.platform.admin.apply_policy(bench.stock, "cors", {})
        assert (await bench.adapter.post("/sync"))["synced"]
        assert await race(bench.envoy, bench.stock, 64) == {200: 64}
        bench.adapter.send(signal.SIGTERM)
        assert await bench.adapter.until_exit() == 0
        await bench.until_stored("stock", 64)
        assert "lost" not in bench.adapter.log.read_text()


async def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    """Even if it is killed. Operators can ask although the platform is down."""
    async with AdapterProcess(alone(tmp_path), tmp_path / "adapter") as adapter:
        pids = [item["pid"] for item in (await adapter.inspect("/workers"))["items"]]
        assert not (await adapter.readiness())["ready"]
        assert adapter.addresses == [f"unix:{tmp_path}/a", f"unix:{tmp_path}/a.1"]
        await adapter.stop(signal.SIGKILL)
        await until(lambda: not any(map(_runs, pids)))


async def test_workers_that_are_not_given_the_time_to_drain(tmp_path: Path) -> None:
    """They are killed when an operator does not want to wait: see `app.signals`."""
    settings = alone(tmp_path) | {"shutdown": {"drain_s": 600}}
    parent = Parent(Settings.model_validate(settings), tmp_path, SystemClock())
    endpoints = await parent.start()
    assert endpoints.grpc == (f"unix:{tmp_path}/a", f"unix:{tmp_path}/a.1")
    parent.reload()
    stopping = asyncio.create_task(parent.stop())
    await asyncio.sleep(0)
    parent.kill()
    async with asyncio.timeout(30):
        await stopping


async def test_an_address_that_cannot_be_used(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No worker stays, and the operator reads which address it is."""
    (tmp_path / "a.1").touch()
    parent = Parent(Settings.model_validate(alone(tmp_path)), tmp_path, SystemClock())
    try:
        with pytest.raises(ConfigurationError, match="worker 1 cannot start; see above"):
            await parent.start()
    finally:
        await parent.stop()
    assert "a.1: exists and is not a socket; choose another path" in capfd.readouterr().err


def alone(directory: Path) -> dict[str, Any]:
    """Settings of two workers whose platform is down."""
    platform = {
        "base_url": "http://127.0.0.1:9",
        "organization_id": "org",
        "environment_id": "env",
        "client_id": "gateway",
        "client_secret": "secret",
    }
    return {
        "workers": 2,
        "platform": platform,
        "listener": {"address": f"unix:{directory}/a"},
        "observability": {"metrics_address": "127.0.0.1:0", "inspection_address": "127.0.0.1:0"},
        "shutdown": {"drain_s": 0},
    }


def _runs(pid: int) -> bool:
    """Whether the process is there, and no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
