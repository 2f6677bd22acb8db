"""The console's page of a request says what each policy said, and who answered, of a real Envoy."""

import html
import re
from base64 import b64encode
from pathlib import Path

import pytest

from support.console import Console
from support.upstream import Upstream
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import running_control_plane
from tests.rig.installation import domain, envoy_before, route
from tests.rig.polling import eventually
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

BASIC = {"credentialsOriginHasHttpBasicAuthenticationHeader": "httpBasicAuthenticationHeader"}
LIMIT = {"rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 86_400_000}]}


async def one_request(admin: Console, query: str) -> str:
    """The text of the page of the only request that the log finds."""

    async def is_there() -> bool:
        return (await admin.open(f"/requests?{query}")).text.count("/requests/event?") == 1

    await eventually(is_there)
    log = (await admin.open(f"/requests?{query}")).text
    [link] = re.findall(r'href="[^"]*(/requests/event\?event=[^"]+)"', log)
    page = (await admin.open(html.unescape(link))).text
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))


def verdicts(page: str) -> list[str]:
    """What the policies said, in their order."""
    return re.findall("✓ passed|✕ denied|not asked", page.partition("What each policy said")[2])


async def test_one_request(upstream: Upstream, tmp_path: Path) -> None:
    """Of an allowed request, of a denied one, and of one whose upstream is away."""
    async with running_control_plane(tmp_path) as platform:
        known = platform.credentials
        api_id = (await platform.admin.create_api("orders"))["id"]
        away_id = (await platform.admin.create_api("away"))["id"]
        await platform.admin.apply_policy(api_id, "client-id-enforcement", BASIC)
        await platform.admin.apply_policy(api_id, "rate-limiting", LIMIT)
        await platform.admin.apply_policy(api_id, "spike-control", LIMIT["rateLimits"][0])
        shop = await platform.admin.create_application("Shop")
        contract = await platform.admin.request_contract(api_id, shop["id"])
        pair = b64encode(f"{shop['clientId']}:{shop['clientSecret']}".encode()).decode()
        credentials = [("authorization", f"Basic {pair}")]
        settings = settings_for(platform, analytics={"batch_age_s": 0.2, "verdict_sample": 1})
        routes = [route(api_id, upstream.http_address), route(away_id, "127.0.0.1:1")]
        async with (
            Console(platform.base_url, known.environment_id) as admin,
            AdapterProcess(settings, tmp_path) as adapter,
            envoy_before([adapter], routes, tmp_path / "envoy") as envoy,
        ):
            await admin.log_in(known.admin_username, known.admin_password)
            await request(envoy.address, domain(api_id), "/allowed?key=secret", credentials)
            refused = await request(envoy.address, domain(api_id), "/denied", credentials)
            await request(envoy.address, domain(away_id), "/away")
            allowed = await one_request(admin, "path=/allowed")
            denied = await one_request(admin, f"id={refused.header('x-adapter-decision-id')}")
            away = await one_request(admin, "path=/away")
    assert refused.status == 429
    assert "Answered by the upstream" in allowed
    assert verdicts(allowed) == ["✓ passed"] * 3
    assert f"contract {contract['id']}" in allowed
    assert "secret" not in allowed
    assert "Answered by the policy" in denied
    assert "1 of 1 limits used up" in denied
    assert verdicts(denied) == ["✓ passed", "✕ denied", "not asked"]
    assert "Answered by Envoy, not the upstream: upstream_reset" in away
