"""The client on either event loop, and nothing of the environment's but what a test sets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from adapter.platform_client.http.aiohttp_client import AiohttpClient

_READ = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loops that each test runs on."""
    return {"asyncio-loop": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignores proxies and certificates of the machine that runs the tests."""
    for name in _READ:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def http(bare_environment: None) -> AsyncIterator[AiohttpClient]:
    """A client that trusts nobody's certificate."""
    client = AiohttpClient(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    yield client
    await client.close()
