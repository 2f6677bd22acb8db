"""Calls to identity providers, over real sockets."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapter.errors import PolicyError, ProviderError
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.identity.outbound.provider_client import ProviderClient
from adapter.identity.outbound.provider_url import UrlRules
from tests.integration.http_client.servers import serving, speaking
from tests.rig.certificates import Authority

TIMEOUT_S = 20.0


@asynccontextmanager
async def client(
    *networks: str, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ProviderClient]:
    """A client that may call these networks, also without TLS."""
    guard = AddressGuard(map(ip_network, networks))
    rules = UrlRules(guard, allow_http=True)
    async with ProviderClient(rules, guard, max_response_bytes=1_000, tls=tls) as made:
        yield made


async def _echo(request: web.BaseRequest) -> web.Response:
    body = (await request.read()).decode()
    return web.Response(text=f"{request.method} {request.path_qs} {body}", headers={"X-A": "b"})


async def test_an_answer_comes_back_whole() -> None:
    """Status, headers by lower-case name, body; the query and the form arrive."""
    async with serving(_echo) as url, client("127.0.0.0/8") as http:
        got = await http.get(f"{url}/keys?tenant=1", timeout_s=TIMEOUT_S)
        assert (got.status, got.headers["x-a"], got.body) == (200, "b", b"GET /keys?tenant=1 ")
        sent = await http.post_form(
            f"{url}/introspect", {"token": "a b&c"}, {}, timeout_s=TIMEOUT_S
        )
        assert sent.body == b"POST /introspect token=a+b%26c"


async def test_a_name_that_leads_inside_the_network_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The resolved address counts, not the name."""

    async def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    async with serving(_echo) as url, client() as http:
        with pytest.raises(ProviderError, match=r"provider.test has .*allow_networks"):
            await http.get(f"http://provider.test:{url.rpartition(':')[2]}/", timeout_s=TIMEOUT_S)
        with pytest.raises(PolicyError, match="allow_networks"):
            await http.get(url, timeout_s=TIMEOUT_S)


async def test_every_connection_checks_the_address_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes its address after it was checked leads nowhere (DNS rebinding)."""
    answers = iter(["127.0.0.1", "169.254.169.254"])

    async def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    async with serving(_echo) as url, client("127.0.0.0/8") as http:
        there = f"http://provider.test:{url.rpartition(':')[2]}/"
        await http.get(there, timeout_s=TIMEOUT_S)
        await http.close()
        with pytest.raises(ProviderError, match="link-local"):
            await http.get(there, timeout_s=TIMEOUT_S)


async def test_one_bad_address_among_good_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may choose by chance."""

    async def resolve(*_: Any, **__: Any) -> list[Any]:
        found = ("127.0.0.1", "169.254.169.254")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    async with client("127.0.0.0/8") as http:
        with pytest.raises(ProviderError, match="link-local"):
            await http.get("http://provider.test/", timeout_s=TIMEOUT_S)


async def test_redirects_are_not_followed() -> None:
    """They would lead around the rules for URLs."""

    async def elsewhere(_: web.BaseRequest) -> web.Response:
        return web.Response(status=302, headers={"location": "http://169.254.169.254/latest"})

    async with serving(elsewhere) as url, client("127.0.0.0/8") as http:
        answer = await http.get(url, timeout_s=TIMEOUT_S)
        assert answer.status == 302


async def test_an_answer_that_is_too_large_is_refused() -> None:
    """With a length, or without one."""

    async def large(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/length":
            return web.Response(body=b"x" * 1_001)
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(20):
            await response.write(b"x" * 100)
        return response

    async with serving(large) as url, client("127.0.0.0/8") as http:
        for path in ("/length", "/chunks"):
            with pytest.raises(ProviderError, match="larger than 1,000 bytes"):
                await http.get(url + path, timeout_s=TIMEOUT_S)


async def test_a_provider_that_answers_octet_by_octet_is_left() -> None:
    """One limit for the whole call: single reads never take long."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 0.02)

    async with speaking(drip) as url, client("127.0.0.0/8") as http:
        with pytest.raises(ProviderError, match=r"within 0\.3 s"):
            await http.get(url, timeout_s=0.3)


@pytest.mark.parametrize(
    "octets",
    [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", b"\x00" * 99],
)
async def test_an_answer_that_is_not_http_is_an_error(octets: bytes) -> None:
    """A provider error that names scheme and host, and no path."""

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(octets)

    async with speaking(garbage) as url, client("127.0.0.0/8") as http:
        with pytest.raises(ProviderError) as caught:
            await http.get(f"{url}/path?secret=1", timeout_s=TIMEOUT_S)
        assert "secret" not in str(caught.value)


async def test_certificates_are_verified(tmp_path: Path) -> None:
    """An authority that the operator did not name is none."""
    authority = Authority(tmp_path)
    issued = authority.issue("provider")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(issued.certificate, issued.key)
    trusting = ssl.create_default_context(cafile=str(authority.certificate))
    async with serving(_echo, tls) as url:
        async with client("127.0.0.0/8") as http:
            with pytest.raises(ProviderError, match="certificate"):
                await http.get(url, timeout_s=TIMEOUT_S)
        async with client("127.0.0.0/8", tls=trusting) as http:
            assert (await http.get(url, timeout_s=TIMEOUT_S)).status == 200
