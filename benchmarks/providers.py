"""The identity providers that measured policies ask."""

import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from benchmarks.catalog import CHAINS, INVENTED, LDAP, OAUTH, OPENID, client_id
from tests.rig.certificates import Authority
from tests.rig.slapd import running_slapd

_HOUR_S = 3_600


@asynccontextmanager
async def provider_for(chain: str) -> AsyncIterator[str]:
    """The URL of the provider that the chain needs, which this starts; empty if it needs none."""
    types = {policy_type for policy_type, _ in CHAINS[chain]}
    if LDAP in types:
        with tempfile.TemporaryDirectory() as directory:
            async with running_slapd(Path(directory), Authority(Path(directory))) as server:
                yield server.url
    elif types & {OAUTH, OPENID}:
        async with _introspection() as url:
            yield url
    else:
        yield ""


@asynccontextmanager
async def _introspection() -> AsyncIterator[str]:
    """An endpoint (RFC 7662). All tokens that are not invented belong to the first application."""

    async def answer(request: web.BaseRequest) -> web.Response:
        if f"token={INVENTED}".encode() in await request.read():
            return web.json_response({"active": False})
        expires = int(time.time()) + _HOUR_S
        fields = {"active": True, "client_id": client_id(0), "scope": "read", "exp": expires}
        return web.json_response(fields)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
