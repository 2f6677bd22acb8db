"""Calls to identity providers through a proxy that the environment names."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509

from adapter.errors import PolicyError, ProviderError
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.identity.outbound.provider_clients import ProviderClients
from adapter.identity.outbound.provider_url import UrlRules
from tests.integration.http_client.servers import head, serving, speaking
from tests.rig.certificates import Authority

TIMEOUT_S = 20.0
NAME = "provider.invalid"
"""Nobody can resolve it, so only the proxy can reach it."""


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignores the proxies of the machine that runs the tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Signs the provider's certificate."""
    return Authority(tmp_path)


def server_tls(authority: Authority, name: str = NAME) -> ssl.SSLContext:
    """A server's, for that name and for 127.0.0.1."""
    names = [x509.DNSName(name), x509.IPAddress(ip_network("127.0.0.1/32").network_address)]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.issue("server", names))
    return context


@asynccontextmanager
async def clients(authority: Authority) -> AsyncIterator[ProviderClients]:
    """Clients that may call public addresses only, and trust this authority."""
    guard = AddressGuard()
    tls = ssl.create_default_context(cafile=authority.certificate)
    rules = UrlRules(guard, allow_http=True)
    made = ProviderClients(rules, guard, max_response_bytes=1_000, tls=tls)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def proxying(
    target: str, refusal: bytes = b"", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that reaches `target` under every name; its address, and the heads that it saw."""
    heads: list[bytes] = []
    port = int(target.rpartition(":")[2])

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while some := await reader.read(65_536):
            writer.write(some)
        writer.close()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head(reader))
        if refusal:
            writer.write(refusal)
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        if heads[-1].startswith(b"CONNECT "):
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            far_writer.write(heads[-1])
        try:
            await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
        finally:
            far_writer.transport.abort()

    async with speaking(proxy, tls) as url:
        yield url, heads


async def hello(request: web.BaseRequest) -> web.Response:
    """A provider that says what it got."""
    names = sorted(name.lower() for name in request.headers)
    return web.Response(text=f"{request.path_qs} {' '.join(names)}")


async def asked(http: ProviderClients, url: str) -> str:
    """What the provider answers."""
    return (await http.client_for(url).get(url, timeout_s=TIMEOUT_S)).body.decode()


async def test_tls_goes_through_the_proxy_to_the_provider(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy learns host and port. Its own user and password do not reach the provider."""
    async with (
        serving(hello, server_tls(authority)) as target,
        proxying(target) as (proxy, heads),
        clients(authority) as http,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("//", "//us%40er:p%C3%A4ss@"))
        answer = await asked(http, f"https://{NAME}/keys?tenant=1")
    assert answer.startswith("/keys?tenant=1 ")
    assert "proxy-authorization" not in answer
    (seen,) = heads
    assert seen.startswith(f"CONNECT {NAME}:443 HTTP/1.1\r\n".encode())
    assert b"tenant" not in seen
    assert base64.b64encode("us@er:p\xe4ss".encode("latin-1")) in seen


async def test_the_providers_certificate_is_verified_through_a_proxy(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy can read nothing, and cannot stand in for the provider."""
    async with (
        serving(hello, server_tls(authority, "another.invalid")) as target,
        proxying(target) as (proxy, _),
        clients(authority) as http,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(ProviderError, match="certificate"):
            await asked(http, f"https://{NAME}/")


async def test_http_goes_through_the_proxy_as_a_whole(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy gets the whole URL (RFC 9112, 3.2.2)."""
    async with (
        serving(hello) as target,
        proxying(target) as (proxy, heads),
        clients(authority) as http,
    ):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        await asked(http, f"http://{NAME}/keys?a=%41")
    assert heads[0].startswith(f"GET http://{NAME}/keys?a=%41 HTTP/1.1\r\n".encode())


async def test_the_connection_to_a_proxy_can_be_encrypted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy's certificate is verified like a provider's, also against a private CA."""
    tls = server_tls(authority)
    async with (
        serving(hello, tls) as target,
        proxying(target, tls=tls) as (proxy, heads),
        clients(authority) as http,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        assert (await asked(http, f"https://{NAME}/")).startswith("/ ")
    assert len(heads) == 1


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::1]", "169.254.169.254"]
)
async def test_an_inner_address_is_not_asked_of_a_proxy(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """The rules for URLs come first. A proxy stands inside the network, too."""
    async with serving(hello) as target, proxying(target) as (proxy, heads):
        monkeypatch.setenv("ALL_PROXY", proxy)
        async with clients(authority) as http:
            with pytest.raises(PolicyError):
                await asked(http, f"https://{host}/")
    assert heads == []


async def test_without_the_proxy_the_address_is_checked(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY leads past the proxy, and not past the guard."""
    async with serving(hello) as target, proxying(target) as (proxy, heads):
        monkeypatch.setenv("ALL_PROXY", proxy)
        monkeypatch.setenv("NO_PROXY", NAME)
        async with clients(authority) as http:
            with pytest.raises(ProviderError, match="cannot be resolved"):
                await asked(http, f"http://{NAME}/")
    assert heads == []


@pytest.mark.parametrize("status", [403, 407, 502])
async def test_a_proxy_that_refuses_is_named(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """As a failure of the provider, without the proxy's password."""
    refusal = f"HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n".encode()
    async with (
        serving(hello) as target,
        proxying(target, refusal) as (proxy, _),
        clients(authority) as http,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("//", "//user:hunter2@"))
        with pytest.raises(ProviderError, match=str(status)) as caught:
            await asked(http, f"https://{NAME}/")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["socks5://u:hunter2@127.0.0.1:9", "http://[hunter2"])
async def test_a_proxy_that_cannot_be_used_is_a_failure(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """Nothing goes past it, and its user is not shown."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    async with clients(authority) as http:
        with pytest.raises(ProviderError, match="proxy in the environment") as caught:
            await asked(http, f"https://{NAME}/")
    assert "hunter2" not in str(caught.value)
