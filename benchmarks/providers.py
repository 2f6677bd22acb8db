"""The identity providers that measured policies ask."""

import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from benchmarks.catalog import INVENTED, JWKS, LDAP, PROVIDER_SETTINGS, TOKENS, client_id
from benchmarks.tokens import issuer
from support.token_issuer import key_set
from tests.rig.certificates import Authority
from tests.rig.slapd import running_slapd

_HOUR_S = 3_600


@asynccontextmanager
async def provider_for(chain: str) -> AsyncIterator[str]:
    """The URL of the provider that the chain needs, which this starts; empty if it needs none."""
    if chain == LDAP:
        with tempfile.TemporaryDirectory() as directory:
            async with running_slapd(Path(directory), Authority(Path(directory))) as server:
                yield server.url
    elif chain in PROVIDER_SETTINGS:
        async with _serving(_key_set if chain == JWKS else _introspection) as url:
            yield url
    else:
        yield ""


async def _introspection(request: web.BaseRequest) -> web.Response:
    """RFC 7662. All tokens that are not invented belong to the first application."""
    if f"token={INVENTED}".encode() in await request.read():
        return web.json_response({"active": False})
    expires = int(time.time()) + _HOUR_S
    fields = {"active": True, "client_id": client_id(0), "scope": "read", "exp": expires}
    return web.json_response(fields)


async def _key_set(_: web.BaseRequest) -> web.Response:
    """RFC 7517. The key of the tokens that clients send."""
    return web.Response(body=key_set(issuer(TOKENS[JWKS]).jwk))


@asynccontextmanager
async def _serving(
    answer: Callable[[web.BaseRequest], Awaitable[web.Response]],
) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
