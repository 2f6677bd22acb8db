"""An adapter without a platform: it follows an environment file, behind a real Envoy."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from support.upstream import Upstream
from tests.rig.adapter_process import AdapterProcess
from tests.rig.envoy import Envoy
from tests.rig.installation import envoy_before, route
from tests.rig.polling import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

BASIC = "credentialsOriginHasHttpBasicAuthenticationHeader"
ENFORCEMENT = {
    "assetId": "client-id-enforcement",
    "configurationData": {BASIC: "httpBasicAuthenticationHeader"},
}
BLOCKLIST = {"assetId": "ip-blocklist", "configurationData": {"ips": ["127.0.0.0/8"]}}


class Site:
    """An environment file with one API, two workers that follow it, and an Envoy."""

    def __init__(self, file: Path, adapter: AdapterProcess, envoy: Envoy) -> None:
        self.file = file
        self.adapter = adapter
        self.envoy = envoy

    async def statuses(self, client: str | None = None, secret: str = "") -> set[int]:
        """The statuses of some requests, which reach both workers."""
        headers = {"host": "api-17.test"}
        if client is not None:
            headers["authorization"] = aiohttp.encode_basic_auth(client, secret)
        async with aiohttp.ClientSession(headers=headers) as http:

            async def status() -> int:
                async with http.get(self.envoy.url) as answer:
                    return answer.status

            return set(await asyncio.gather(*(status() for _ in range(32))))

    async def until(self, status: int) -> None:
        """Wait until a good client gets this status from both workers."""

        async def got() -> bool:
            return await self.statuses("shop", "s3cret") == {status}

        await eventually(got)


def write(file: Path, *policies: dict[str, Any]) -> None:
    """Replace the file in one step by one with these policies."""
    api: dict[str, Any] = {"groupId": "g", "assetId": "orders", "assetVersion": "1.0.0", "id": 17}
    contracts = [{"application": "Shop"}, {"application": "Till"}]
    shop = {"name": "Shop", "clientId": "shop", "clientSecret": "${file:shop-secret}"}
    content = {
        "version": 1,
        "apis": [{**api, "policies": policies, "contracts": contracts}],
        "applications": [shop, {"name": "Till", "clientId": "till"}],
    }
    new = file.with_name("new")
    new.write_text(json.dumps(content))
    new.rename(file)


@pytest_asyncio.fixture(loop_scope="session")
async def site(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Site]:
    """The site, ready."""
    file = tmp_path / "environment.yaml"
    (tmp_path / "shop-secret").write_text("s3cret\n")
    write(file, ENFORCEMENT)
    settings = {
        "listener": {"address": "127.0.0.1:0"},
        "platform": {"file": str(file), "poll_interval_s": 0.2},
        "workers": 2,
        "state_directory": str(tmp_path / "state"),
        "observability": {"metrics_address": "127.0.0.1:0", "inspection_address": "127.0.0.1:0"},
        "shutdown": {"drain_s": 0},
    }
    async with AdapterProcess(settings, tmp_path / "adapter") as adapter:
        await adapter.until_ready()
        routes = [route(17, upstream.http_address)]
        async with envoy_before([adapter], routes, tmp_path / "envoy") as envoy:
            yield Site(file, adapter, envoy)


async def test_an_adapter_follows_its_file(site: Site) -> None:
    """Credentials decide; a change is in force at once; a bad file changes nothing and is named."""
    assert await site.statuses("shop", "s3cret") == {200}
    assert await site.statuses() == {401}
    assert await site.statuses("shop", "wrong") == {401}
    assert await site.statuses("till", "") == {401}  # it has a contract, and no secret
    write(site.file, ENFORCEMENT, BLOCKLIST)
    await site.until(403)
    write(site.file, ENFORCEMENT)
    await site.until(200)

    site.file.write_text(site.file.read_text()[:-20])

    async def named() -> bool:
        return "worker 0: alarm 1" in (await site.adapter.readiness())["details"]

    await eventually(named)
    readiness = await site.adapter.readiness()
    assert readiness["ready"]
    alarm = readiness["details"]["worker 0: alarm 1"]
    assert alarm.startswith(f"environment file {site.file}: line 1: it is not YAML: ")
    failed = 'adapter_sync_polls_total{kind="file",result="EnvironmentFileError"} '
    assert any(line.startswith(failed) for line in await site.adapter.metric_lines())
    assert await site.statuses("shop", "s3cret") == {200}
    assert await site.statuses() == {401}

    write(site.file, ENFORCEMENT, BLOCKLIST)
    report = await site.adapter.post("/sync")
    assert "17" in json.dumps(report)
    await site.until(403)
    log = site.adapter.log.read_text()
    assert "nobody gets the events of requests" in log
    assert "s3cret" not in log
    assert "analytics.upload_failed" not in log
