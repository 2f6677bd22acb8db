"""New certificates for identity providers, without a dropped call."""

import asyncio
import ssl
from pathlib import Path

import pytest
from aiohttp import web

from adapter.app.provider_clients import LazyProviderClients, provider_tls
from adapter.errors import ProviderError
from adapter.settings import IdentitySettings
from tests.integration.http_client.servers import serving
from tests.rig.certificates import Authority
from tests.rig.clock import FakeClock


def _authority(folder: Path) -> Authority:
    folder.mkdir()
    return Authority(folder)


async def test_calls_under_way_end_and_later_ones_see_the_new_files(tmp_path: Path) -> None:
    """A file that cannot be used changes nothing."""
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def answer(_: web.BaseRequest) -> web.Response:
        asked.set()
        await may_answer.wait()
        return web.Response(text="keys")

    old, new = _authority(tmp_path / "old"), _authority(tmp_path / "new")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(old.certificate.read_bytes())
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*old.issue("provider"))
    settings = IdentitySettings.model_validate(
        {"ca_file": trusted, "allow_networks": ["127.0.0.0/8"]}
    )
    clock, tls = FakeClock(), provider_tls(settings)
    clients = LazyProviderClients(settings, tls, clock)
    async with serving(answer, server) as url:

        async def get() -> bytes:
            return (await (await clients()).client_for(url).get(url, timeout_s=30)).body

        await tls.renew()  # nothing was read yet
        first = asyncio.create_task(get())
        await asked.wait()
        trusted.write_text("half a file")
        with pytest.raises(ProviderError, match="check ca_file"):
            await tls.renew()
        before = await clients()
        trusted.write_bytes(new.certificate.read_bytes())
        await tls.renew()
        assert await clients() is not before
        may_answer.set()
        assert await first == b"keys"
        with pytest.raises(ProviderError, match=r"(?i)certificate"):
            await get()
        server.load_cert_chain(*new.issue("provider"))
        assert await get() == b"keys"
        await clock.advance(600)
    await clients.close()
