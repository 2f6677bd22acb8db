"""The asyncio transport over TLS."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import grpc
import pytest

from adapter.errors import ConfigurationError
from adapter.transport.http2.server import AsyncioServer
from adapter.transport.http2.tls import server_context
from tests.integration.transport.servers import ANSWER, Service, serving
from tests.rig.certificates import Authority, Identity
from tests.rig.h2spec import run_h2spec
from tests.rig.polling import until


async def call(address: str, authority: Authority, client: Identity | None = None) -> bytes:
    """A call over TLS, with the client's certificate if there is one."""
    credentials = grpc.ssl_channel_credentials(
        authority.certificate.read_bytes(),
        client.key.read_bytes() if client else None,
        client.certificate.read_bytes() if client else None,
    )
    async with grpc.aio.secure_channel(address, credentials) as channel:
        unary: Callable[..., Awaitable[bytes]] = channel.unary_unary(ANSWER)
        return await unary(b"hello", timeout=10)


async def test_calls_and_rules(tmp_path: Path) -> None:
    """Clients reach it, and it keeps HTTP/2's rules over TLS too."""
    authority = Authority(tmp_path)
    tls = server_context(*authority.issue("server"))
    async with serving("asyncio", Service(), tls=tls) as server:
        (address,) = server.addresses
        assert await call(address, authority) == b"hello"
        report = await run_h2spec(address, "--tls", "--insecure")
    assert report.failed == 0, report.output
    assert report.passed + report.skipped == report.tests >= 146


async def test_client_certificates(tmp_path: Path) -> None:
    """With an authority for clients, one without its certificate gets nowhere."""
    authority = Authority(tmp_path)
    tls = server_context(*authority.issue("server"), authority.certificate)
    async with serving("asyncio", Service(), tls=tls) as server:
        (address,) = server.addresses
        assert await call(address, authority, authority.issue("client")) == b"hello"
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(address, authority)
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_clients_of_another_protocol(tmp_path: Path) -> None:
    """Who does not ask for h2 is turned away, and counted."""
    authority = Authority(tmp_path)
    tls = server_context(*authority.issue("server"))
    trust = ssl.create_default_context(cafile=str(authority.certificate))
    async with serving("asyncio", Service(), tls=tls) as server:
        host, _, port = server.addresses[0].rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), ssl=trust)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(1)
        writer.close()
        counters = cast("AsyncioServer", server).counters
        await until(lambda: counters["no_alpn"] == 1)


def test_unusable_files(tmp_path: Path) -> None:
    """A missing or broken file is the operator's error, named."""
    identity = Authority(tmp_path).issue("server")
    with pytest.raises(ConfigurationError, match=r"missing\.pem"):
        server_context(tmp_path / "missing.pem", identity.key)
    with pytest.raises(ConfigurationError, match=r"server\.pem"):
        server_context(identity.certificate, identity.certificate)
