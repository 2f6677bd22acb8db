"""What an admin decides in the console is in force at a real Envoy within a poll."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.console import Console
from support.upstream import Upstream
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.installation import domain, envoy_before, route
from tests.rig.polling import eventually
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

BASIC = {"credentialsOriginHasHttpBasicAuthenticationHeader": "httpBasicAuthenticationHeader"}

ONLY_OTHERS = {"configurationData.ips": "192.0.2.1\n198.51.100.0/24"}


@asynccontextmanager
async def console(platform: RunningControlPlane) -> AsyncIterator[Console]:
    """The owner's console."""
    known = platform.credentials
    async with Console(platform.base_url, known.environment_id) as admin:
        await admin.log_in(known.admin_username, known.admin_password)
        yield admin


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
            await admin.press(await admin.open("/contracts/1"), "Approve")
            await until(200, old)
            form = await admin.open("/applications/1/secret")
            made = await admin.press(form, "Make a new secret", overlap_hours="24")
            new = re.findall(r"<pre[^>]*>([0-9a-f]{32})</pre>", made.text)[1]
            await until(200, new)
            assert await status(old) == 200
            assert await status("wrong") == 401
            question = await admin.open("/applications/1/end-overlap")
            await admin.press(question, "End it")
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
            form = await admin.open(f"{policies}/new/ip-allowlist")
            review = await admin.press(form, "Review the policy", **ONLY_OTHERS)
            await admin.press(review, "Apply the policy")
            await until((403, 403))
            scope = {
                "pointcutData.0.methodRegex": "GET",
                "pointcutData.0.uriTemplateRegex": "/orders/.*",
            }
            form = await admin.press(await admin.open(f"{policies}/1"), "Add a pointcut")
            review = await admin.press(form, "Review the change", **scope)
            assert "GET /orders/.*" in review.text
            await until((403, 403))
            await admin.press(review, "Save the change")
            await until((403, 200))
            tested = await admin.open(f"{policies}?method=GET&path=/orders/1")
            assert "By pointcut 1." in tested.text
            chain = await admin.press(
                await admin.follow(tested, "Turn off IP allowlist"), "Turn off"
            )
            await until((200, 200))
            chain = await admin.press(chain, "Turn on IP allowlist")
            await until((403, 200))
            await admin.press(await admin.follow(chain, "Remove IP allowlist"), "Remove")
            await until((200, 200))
