"""What the environment decides: proxies, and whose certificates are believed."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from adapter.platform_client.http.aiohttp_client import AiohttpClient
from adapter.platform_client.http.exchange import HttpError
from adapter.runtime.authorities import authorities
from adapter.runtime.proxy import proxy_for
from tests.integration.http_client.servers import Received, ask, head, serving, speaking
from tests.rig.certificates import Authority


async def hello(_: web.BaseRequest) -> web.Response:
    """A handler."""
    return web.Response(text="hello")


def tls(authority: Authority) -> ssl.SSLContext:
    """A server's, for 127.0.0.1."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.issue("server"))
    return context


async def ask_over_tls(url: str) -> Received:
    """Ask with a client that believes whom the environment says."""
    client = AiohttpClient(authorities())
    try:
        return await ask(client, url, authorization="Bearer token")
    finally:
        await client.close()


async def test_a_proxy_gets_what_is_for_the_platform(
    http: AiohttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the whole address, byte for byte, and the proxy's own user."""
    heads: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head(reader))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with speaking(proxy) as url:
        monkeypatch.setenv("HTTP_PROXY", url.replace("//", "//us%40er:pass@"))
        target = "http://platform.test/a%2fb?c=%41&d=+"
        assert (await ask(http, target, authorization="Bearer token")).status == 200
    line, *fields = heads[0].decode().lower().split("\r\n")
    assert line == f"get {target.lower()} http/1.1"
    assert "host: platform.test" in fields
    assert "authorization: bearer token" in fields
    user = base64.b64encode(b"us@er:pass").decode().lower()
    assert f"proxy-authorization: basic {user}" in fields


@pytest.mark.parametrize("excepted", ["127.0.0.1", "a.test, 127.0.0.1", "*"])
async def test_what_no_proxy_names_is_reached_directly(
    http: AiohttpClient, monkeypatch: pytest.MonkeyPatch, excepted: str
) -> None:
    """An address in a list, or all."""
    monkeypatch.setenv("HTTP_PROXY", "http://nobody.invalid:9")
    monkeypatch.setenv("NO_PROXY", excepted)
    async with serving(hello) as url:
        assert (await ask(http, url)).body == b"hello"


@pytest.mark.parametrize(
    ("url", "excepted", "direct"),
    [
        ("http://platform.test/", "platform.test", True),
        ("http://a.PLATFORM.test:8/", "platform.test", True),
        ("http://a.platform.test/", ".platform.test", True),
        ("http://platform.test:8/", "platform.test:8", True),
        ("http://platform.test:9/", "platform.test:8", False),
        ("http://notplatform.test/", "platform.test", False),
        ("http://[::1]:8/", "::1", True),
        ("http://[::1]:8/", "[::1]", True),
        ("http://[::2]:8/", "::1", False),
    ],
)
def test_the_forms_of_no_proxy(
    monkeypatch: pytest.MonkeyPatch, url: str, excepted: str, direct: bool
) -> None:
    """A domain and all below it, with a port or without, and addresses."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:9")
    monkeypatch.setenv("NO_PROXY", excepted)
    assert (proxy_for(URL(url, encoded=True)) is None) is direct


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_each_way_to_name_a_proxy(
    http: AiohttpClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In capitals or not, for all addresses, and without a scheme."""
    async with serving(hello) as url:
        monkeypatch.setenv(name, url.removeprefix("http://"))
        assert (await ask(http, "http://platform.test/")).body == b"hello"


@pytest.mark.parametrize(
    "proxy", ["socks5://secret@127.0.0.1:9", "http://secret:zażółć@127.0.0.1:9", "http://[secret"]
)
async def test_a_proxy_that_cannot_be_used_is_named(
    http: AiohttpClient, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """Nothing goes past it, and its user is not shown."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(HttpError, match="proxy in the environment") as caught:
        await ask(http, "http://platform.test/")
    assert "secret" not in str(caught.value)


async def test_netrc_is_not_looked_at(
    http: AiohttpClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its entries go neither to the platform nor to a proxy, and do not stand against our token."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login user password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    asked: list[web.BaseRequest] = []

    async def note(request: web.BaseRequest) -> web.Response:
        asked.append(request)
        return web.Response()

    async with serving(note) as url:
        await ask(http, url, authorization="Bearer token")
        await ask(http, url)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HTTP_PROXY", url)
        await ask(http, "http://platform.test/", authorization="Bearer token")
        await ask(http, "http://platform.test/")
    sent = [request.headers.get("authorization") for request in asked]
    assert sent == ["Bearer token", None, "Bearer token", None]
    assert not any("proxy-authorization" in request.headers for request in asked)


async def test_a_certificate_is_believed_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SSL_CERT_FILE has the platform's own authority; without it a stranger gets no request."""
    authority = Authority(tmp_path)
    asked: list[web.BaseRequest] = []

    async def note(request: web.BaseRequest) -> web.Response:
        asked.append(request)
        return web.Response()

    async with serving(note, tls(authority)) as url:
        with pytest.raises(HttpError, match="not signed by a CA that is trusted here"):
            await ask_over_tls(url)
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
        with pytest.raises(HttpError, match="not signed by a CA that is trusted here"):
            await ask_over_tls(url)
        assert asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        assert (await ask_over_tls(url)).status == 200


async def test_a_certificate_is_for_one_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that is believed, but for another name, is refused."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    async with serving(hello, tls(authority)) as url:
        with pytest.raises(HttpError, match="is for another host"):
            await ask_over_tls(url.replace("127.0.0.1", "localhost"))


@asynccontextmanager
async def tunnelling(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy for TLS that gives this answer; and the heads that it saw."""
    heads: list[bytes] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while some := await reader.read(65536):
            writer.write(some)
        writer.close()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head(reader))
        writer.write(answer)
        if b" 200 " in answer:
            host, port = heads[-1].split()[1].decode().split(":")
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

    async with speaking(proxy) as url:
        yield url, heads


async def test_a_proxy_sees_nothing_of_what_goes_over_tls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is asked for a tunnel; token and answer go through that."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    async with (
        serving(hello, tls(authority)) as url,
        tunnelling(b"HTTP/1.1 200 Connected\r\n\r\n") as (proxy, heads),
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("//", "//user:pass@"))
        assert (await ask_over_tls(url)).body == b"hello"
    (asked,) = heads
    assert asked.startswith(f"CONNECT {url.removeprefix('https://')} HTTP/1.1".encode())
    assert b"proxy-authorization: basic " in asked.lower()
    assert b"token" not in asked


async def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its status, and without its user."""
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"
    async with tunnelling(refusal) as (proxy, _):
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("//", "//secret:secret@"))
        with pytest.raises(HttpError, match="answered 407: it asks for a user name") as caught:
            await ask_over_tls("https://platform.test/")
    assert "secret" not in str(caught.value)
