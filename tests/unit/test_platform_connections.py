"""The way to the platform, which is opened when it is first gone."""

import asyncio
import ssl
from pathlib import Path

import pytest
from aiohttp import web

from adapter.app.platform import Platform
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import PlatformUnavailableError
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.settings import PlatformSettings, Settings
from adapter.telemetry.metrics import Metrics
from tests.integration.http_client.servers import serving
from tests.rig.certificates import Authority
from tests.rig.clock import FakeClock


def made_platform(base_url: str, clock: FakeClock) -> Platform:
    """A platform at this address."""
    connection = {
        "base_url": base_url,
        "organization_id": "org",
        "environment_id": "env",
        "client_id": "gateway",
        "client_secret": "secret",
    }
    settings = Settings(platform=PlatformSettings.model_validate(connection))
    return Platform(settings, SnapshotStore(clock), clock, Metrics())


def client_of(platform: Platform) -> PlatformClient:
    """The client for a platform that is not a file."""
    assert platform.client is not None
    return platform.client


async def test_certificates_that_cannot_be_read_are_named_and_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The disk copy serves meanwhile; once the file is there, nobody need restart anything."""
    clock = FakeClock()
    platform = made_platform("https://127.0.0.1:9", clock)
    client = client_of(platform)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))
    with pytest.raises(PlatformUnavailableError, match="check SSL_CERT_FILE"):
        await client.send_events(b"")
    monkeypatch.delenv("SSL_CERT_FILE")
    await clock.advance(60)
    with pytest.raises(PlatformUnavailableError) as found:
        await client.send_events(b"")
    assert "SSL_CERT_FILE" not in str(found.value)
    await platform.close()


async def test_new_authorities_count_from_the_next_request_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """After a reload; a request that is under way ends on its own connection."""
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path.endswith("/token"):
            return web.json_response({"access_token": "token"})
        asked.set()
        await may_answer.wait()
        return web.json_response({"policies": []})

    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    old, new = Authority(tmp_path / "old"), Authority(tmp_path / "new")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*old.issue("server"))
    monkeypatch.setenv("SSL_CERT_FILE", str(old.certificate))
    async with serving(answer, server) as url:
        clock = FakeClock()
        platform = made_platform(url, clock)
        client = client_of(platform)
        await platform.trust_again()  # nothing is open yet
        first = asyncio.create_task(client.policies("7"))
        await asked.wait()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
        with pytest.raises(PlatformUnavailableError, match="check SSL_CERT_FILE"):
            await platform.trust_again()
        server.load_cert_chain(*new.issue("server"))
        monkeypatch.setenv("SSL_CERT_FILE", str(new.certificate))
        await platform.trust_again()
        may_answer.set()
        assert (await first).rows == []
        await clock.advance(60)
        assert (await client.policies("7")).rows == []
        await platform.close()
