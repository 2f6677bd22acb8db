"""A whole adapter process is SERVING only when it can verify tokens."""

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web

from support.token_issuer import TokenIssuer, key_set
from tests.integration.http_client.servers import serving
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import running_control_plane

ON_LOOPBACK: dict[str, Any] = {"allow_http": True, "allow_networks": ["127.0.0.0/8"]}


async def test_an_adapter_is_not_ready_before_it_has_the_first_keys(tmp_path: Path) -> None:
    """Otherwise Envoy would send good tokens to a new process, which would refuse them."""
    issuer = TokenIssuer()
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def keys(_: web.BaseRequest) -> web.Response:
        asked.set()
        await may_answer.wait()
        return web.Response(body=key_set(issuer.jwk))

    async with serving(keys) as url, running_control_plane(tmp_path) as platform:
        api = await platform.admin.create_api("orders")
        configuration = {"jwksUrl": f"{url}/keys", "skipClientIdValidation": True}
        await platform.admin.apply_policy(api["id"], "jwt-validation", configuration)
        settings = settings_for(platform, identity=ON_LOOPBACK)
        async with AdapterProcess(settings, tmp_path) as adapter:
            await asked.wait()
            waiting = await adapter.readiness()
            may_answer.set()
            await adapter.until_ready()
            token = {"authorization": f"Bearer {issuer.token({'sub': 'ann'})}"}
            answer = await adapter.check(str(api["id"]), token)
    assert (waiting["ready"], waiting["details"]) == (
        False,
        {f"key set {url}/keys": "not fetched yet"},
    )
    assert answer.status.code == 0
