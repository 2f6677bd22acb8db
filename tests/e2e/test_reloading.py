"""A real Envoy takes over new APIs from files, without a restart."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from adapter.cli.api_option import read_api
from adapter.cli.replaced_files import replace_files
from adapter.envoy_config import resource_files
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.builders import api
from tests.e2e.conftest import QUICK_AND_PATIENT, TOKEN
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.polling import eventually, until
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")


def write(directory: Path, adapter: AdapterInProcess, *apis: str) -> list[str]:
    """Write what `envoy-config --output-dir` writes."""
    config = envoy_config([read_api(text) for text in apis], [adapter.address], **QUICK_AND_PATIENT)
    return replace_files(
        directory,
        resource_files.FILES,
        resource_files.MARK,
        lambda before: resource_files.render_files(config, directory, before),
    )


@asynccontextmanager
async def traffic(url: str) -> AsyncIterator[Counter[int]]:
    """Send requests all the time. Yields how often each status has occurred so far."""
    statuses: Counter[int] = Counter()

    async def client(http: aiohttp.ClientSession) -> None:
        while True:
            async with http.get(url) as answer:
                statuses[answer.status] += 1

    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
        clients = [group.create_task(client(http)) for _ in range(4)]
        yield statuses
        for task in clients:
            task.cancel()


async def test_new_apis_without_a_restart(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """An API comes, another one moves to a new service, the first one goes; nothing fails."""
    second, third = Upstream(), Upstream()
    await second.start()
    await third.start()
    files = tmp_path / "files"
    one, moved = (f"1=http://{s.http_address}/one" for s in (upstream, third))
    two = f"2/two=http://{second.http_address}/second"
    async with AdapterInProcess([api("1"), api("2")], token=TOKEN) as adapter:
        write(files, adapter, one)
        bootstrap = (files / "envoy.yaml").read_text()
        async with Envoy(binary, bootstrap, tmp_path / "envoy") as envoy:
            assert (await request(envoy.address, "shop.test", "/two/x")).status == 404
            async with traffic(f"{envoy.url}/one") as statuses:
                await until(lambda: statuses[200] > 20)

                async def serves(path: str, status: int) -> bool:
                    return (await request(envoy.address, "shop.test", path)).status == status

                assert write(files, adapter, one, two) == ["clusters.yaml", "routes.yaml"]
                await eventually(lambda: serves("/two/x", 200))
                answer = await request(envoy.address, "shop.test", "/two/x")
                assert answer.json()["path"] == "/second/x"
                write(files, adapter, moved, two)
                await until(lambda: third.requests > 20)
                write(files, adapter, moved)
                await eventually(lambda: serves("/two/x", 404))
                seen = statuses[200]
                await until(lambda: statuses[200] > seen + 20)
            assert set(statuses) == {200}
    await second.stop()
    await third.stop()
