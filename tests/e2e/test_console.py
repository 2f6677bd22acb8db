"""What an admin decides in the console is in force at a real Envoy within a poll."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from support.upstream import Upstream
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.installation import domain, envoy_before, route
from tests.rig.polling import eventually
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

BASIC = {"credentialsOriginHasHttpBasicAuthenticationHeader": "httpBasicAuthenticationHeader"}

ONLY_OTHERS = {"configurationData.ips": "192.0.2.1\n198.51.100.0/24"}


class Console:
    """An admin's browser, without a browser: it keeps the session, and sends forms."""

    def __init__(self, client: httpx.AsyncClient, home: str) -> None:
        self._client = client
        self._home = home

    async def page(self, path: str) -> str:
        """A page of the environment."""
        response = await self._client.get(self._home + path)
        assert response.status_code == 200, response.text
        return response.text

    async def send(self, path: str, **fields: str) -> str:
        """Send a form of the environment."""
        response = await self._client.post(self._home + path, data=fields)
        assert response.status_code in (200, 303), response.text
        return response.text


@asynccontextmanager
async def console(platform: RunningControlPlane) -> AsyncIterator[Console]:
    """The owner's console."""
    known = platform.credentials
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(base_url=platform.base_url, headers=headers) as client:
        login = {"name": known.admin_username, "password": known.admin_password}
        answer = await client.post("/login", data=login)
        # Its cookie is for HTTPS and for browsers on localhost.
        client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        yield Console(client, f"/environments/{known.environment_id}")


def hidden_version(page: str) -> str:
    """The version that the form of the page has."""
    found = re.search(r'name="version" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


async def test_contracts_and_secrets(upstream: Upstream, tmp_path: Path) -> None:
    """A contract is approved; then its secret is rotated, and the overlap is ended."""
    async with running_control_plane(tmp_path) as platform, console(platform) as admin:
        api_id = (await platform.admin.create_api("orders"))["id"]
        await platform.admin.apply_policy(api_id, "client-id-enforcement", BASIC)
        tier = await platform.admin.create_tier(api_id, "Gold", [(1, 1000)], auto_approve=False)
        shop = await platform.admin.create_application("Shop")
        await platform.admin.request_contract(api_id, shop["id"], tier["id"])
        routes = [route(api_id, upstream.http_address)]
        async with (
            AdapterProcess(settings_for(platform), tmp_path) as adapter,
            envoy_before([adapter], routes, tmp_path / "envoy") as envoy,
        ):

            async def status(secret: str) -> int:
                pair = b64encode(f"{shop['clientId']}:{secret}".encode()).decode()
                headers = [("authorization", f"Basic {pair}")]
                return (await request(envoy.address, domain(api_id), "/", headers)).status

            async def until(expected: int, secret: str) -> None:
                async def is_so() -> bool:
                    return await status(secret) == expected

                await eventually(is_so)

            old = shop["clientSecret"]
            assert await status(old) == 401
            page = await admin.page("/contracts/1")
            await admin.send("/contracts/1/approve", version=hidden_version(page))
            await until(200, old)
            made = await admin.send("/applications/1/secret", overlap_hours="24")
            new = re.findall(r"<pre[^>]*>([0-9a-f]{32})</pre>", made)[1]
            await until(200, new)
            assert await status(old) == 200
            assert await status("wrong") == 401
            await admin.send("/applications/1/end-overlap")
            await until(401, old)
            assert await status(new) == 200


async def test_policies(upstream: Upstream, tmp_path: Path) -> None:
    """A policy is added by its form, limited to a path, turned off and removed."""
    async with running_control_plane(tmp_path) as platform, console(platform) as admin:
        api_id = (await platform.admin.create_api("orders"))["id"]
        routes = [route(api_id, upstream.http_address)]
        async with (
            AdapterProcess(settings_for(platform), tmp_path) as adapter,
            envoy_before([adapter], routes, tmp_path / "envoy") as envoy,
        ):

            async def until(expected: tuple[int, int]) -> None:
                async def is_so() -> bool:
                    asked = [
                        await request(envoy.address, domain(api_id), path)
                        for path in ("/orders/1", "/health")
                    ]
                    return (asked[0].status, asked[1].status) == expected

                await eventually(is_so)

            await until((200, 200))
            policies = f"/apis/{api_id}/policies"
            await admin.send(f"{policies}/new/ip-allowlist", **ONLY_OTHERS, do="save")
            await until((403, 403))
            scope = {
                "pointcutData.0": "",
                "pointcutData.0.methodRegex": "GET",
                "pointcutData.0.uriTemplateRegex": "/orders/.*",
            }
            version = hidden_version(await admin.page(f"{policies}/1"))
            review = await admin.send(
                f"{policies}/1", **ONLY_OTHERS, **scope, version=version, do="review"
            )
            assert "GET /orders/.*" in review
            await until((403, 403))
            await admin.send(f"{policies}/1", **ONLY_OTHERS, **scope, version=version, do="save")
            await until((403, 200))
            tested = await admin.page(f"{policies}?method=GET&path=/orders/1")
            assert "By pointcut 1." in tested
            version = hidden_version(await admin.page(f"{policies}/1/disable"))
            await admin.send(f"{policies}/1/disable", version=version)
            await until((200, 200))
            version = hidden_version(await admin.page(f"{policies}/1/remove"))
            await admin.send(f"{policies}/1/enable", version=version)
            await until((403, 200))
            version = hidden_version(await admin.page(f"{policies}/1/remove"))
            await admin.send(f"{policies}/1/remove", version=version)
            await until((200, 200))
