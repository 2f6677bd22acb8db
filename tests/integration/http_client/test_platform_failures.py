"""Every way in which the platform can fail, and the exact message that an operator reads.

Each failure comes from a real server or proxy on loopback. No message has a word of Python or of
its libraries, an error number, or anything that was received.
"""

import asyncio
import datetime
import errno
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from adapter.errors import PlatformError
from adapter.platform_client.http.aiohttp_client import AiohttpClient
from adapter.platform_client.http.connection_failures import failure_of
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.runtime.authorities import authorities
from adapter.runtime.clock import SystemClock
from tests.integration.http_client.servers import always, serving, speaking
from tests.rig.certificates import Authority
from tests.rig.platform_options import options
from tests.rig.platform_simulator import opened

Serve: TypeAlias = Callable[[], AbstractAsyncContextManager[str]]
LOGIN = "POST /accounts/oauth2/token: "
POLICIES = "GET /apimanager/api/v1/organizations/org/environments/env/apis/7/policies: "
JSON = {"content-type": "application/json"}
CREDENTIALS = "check platform.client_id and platform.client_secret"
UNTRUSTED = (
    "is not signed by a CA that is trusted here; set SSL_CERT_FILE in the environment to a PEM "
    "file with its CA"
)
NOT_JSON = (
    "is not JSON, or a part of it is missing; check that platform.base_url is the platform's own "
    "address"
)


async def failure(url: str, **changes: Any) -> str:
    """The message of a request for policies, with the server's address as HOST:PORT."""
    http = AiohttpClient(authorities())
    client = PlatformClient(opened(http), options(base_url=url, **changes).platform, SystemClock())
    try:
        with pytest.raises(PlatformError) as error:
            await client.policies("7")
    finally:
        await http.close()
    return nameless(str(error.value), url)


def nameless(message: str, url: str) -> str:
    """The message with HOST:PORT in the place of the address, whose port is random."""
    found = URL(url)
    return message.replace(f"{found.host}:{found.port}", "HOST:PORT")


def tls(authority: Authority, **changes: Any) -> ssl.SSLContext:
    """A server's, for 127.0.0.1."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.issue("server", **changes))
    return context


async def hello(_: web.BaseRequest) -> web.Response:
    """A handler."""
    return web.Response(text="hello")


@asynccontextmanager
async def nobody() -> AsyncIterator[str]:
    """An address on which nobody listens."""
    async with speaking(always(b"")) as url:
        pass
    yield url


async def silence(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.sleep(3600)


CONNECTIONS: list[tuple[Serve, str, str]] = [
    (
        nobody,
        "http",
        "HOST:PORT refuses connections: no server runs there, or the port is wrong; check "
        "platform.base_url",
    ),
    (
        partial(serving, hello),
        "https",
        "HOST:PORT does not speak TLS; if it is an HTTP server, begin the URL with http://",
    ),
    (
        partial(speaking, silence),
        "http",
        "HOST:PORT gave no complete response within 0.3 s (platform.request_timeout_s); check "
        "platform.base_url, and firewalls",
    ),
    (
        partial(speaking, always(b"")),
        "http",
        "HOST:PORT closed the connection without a response; if it serves TLS, begin the URL with "
        "https://",
    ),
    (
        partial(speaking, always(b"SSH-2.0-secret\r\n")),
        "http",
        "the response of HOST:PORT is not HTTP, or too long; check platform.base_url",
    ),
    (
        partial(speaking, always(b"\x15\x03\x01\x00\x02\x02\x46")),  # a TLS alert
        "http",
        "the response of HOST:PORT is not HTTP, or too long; if it serves TLS, begin the URL with "
        "https://",
    ),
    (
        partial(speaking, always(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")),
        "http",
        "the connection ended in the middle of the body",
    ),
    (
        partial(
            speaking,
            always(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\noops"),
        ),
        "http",
        "the compression of the body is invalid",
    ),
]


@pytest.mark.parametrize(
    ("server", "scheme", "message"), CONNECTIONS, ids=[row[2] for row in CONNECTIONS]
)
async def test_a_connection_that_fails(server: Serve, scheme: str, message: str) -> None:
    """Which address, what happened, and the setting to look at."""
    async with server() as url:
        timeout_s = 0.3 if "0.3 s" in message else 20
        found = await failure(url.replace("http:", f"{scheme}:"), request_timeout_s=timeout_s)
    assert found == LOGIN + message


@pytest.mark.parametrize(
    ("host", "ends_in_h", "trusted", "message"),
    [
        ("127.0.0.1", 1, False, f"the certificate of HOST:PORT {UNTRUSTED}"),
        ("127.0.0.1", -1, True, "the certificate of HOST:PORT has expired"),
        (
            "localhost",
            1,
            True,
            "the certificate of HOST:PORT is for another host; use the host that it names in "
            "platform.base_url",
        ),
    ],
)
async def test_a_certificate_that_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    host: str,
    ends_in_h: int,
    *,
    trusted: bool,
    message: str,
) -> None:
    """Whether its CA, its time or its host is wrong."""
    authority = Authority(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    ends_in = datetime.timedelta(hours=ends_in_h)
    async with serving(hello, tls(authority, ends_in=ends_in)) as url:
        assert await failure(url.replace("127.0.0.1", host)) == LOGIN + message


async def test_plain_http_to_a_tls_server(tmp_path: Path) -> None:
    """The server hangs up, and the message says what may be wrong."""
    async with serving(hello, tls(Authority(tmp_path))) as url:
        found = await failure(url.replace("https:", "http:"))
    assert found == (
        f"{LOGIN}HOST:PORT closed the connection without a response; if it serves TLS, begin the "
        "URL with https://"
    )


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        (
            nobody,
            "the proxy HOST:PORT refuses connections: no server runs there, or the port is wrong; "
            "check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY in the environment",
        ),
        (
            partial(speaking, always(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n")),
            "the proxy HOST:PORT answered 407: it asks for a user name and password, as in "
            "http://USER:PASSWORD@HOST:PORT",
        ),
        (
            partial(speaking, always(b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n")),
            "the proxy HOST:PORT answered 403; it does not connect to the platform",
        ),
    ],
    ids=["refused", "407", "403"],
)
async def test_a_proxy_that_fails(
    monkeypatch: pytest.MonkeyPatch, proxy: Serve, message: str
) -> None:
    """It is named, without its user, and so are the variables that chose it."""
    async with proxy() as url:
        monkeypatch.setenv("HTTPS_PROXY", url.replace("//", "//secret:secret@"))
        found = await failure("https://platform.test:1")
    assert nameless(found, url) == LOGIN + message


@pytest.mark.parametrize(
    ("proxied", "message"),
    [
        (None, "the host name platform.test cannot be resolved; check platform.base_url"),
        (
            URL("http://proxy.test:1"),
            "the host name proxy.test cannot be resolved; check HTTPS_PROXY, HTTP_PROXY and "
            "ALL_PROXY in the environment",
        ),
    ],
)
def test_a_name_that_cannot_be_resolved(proxied: URL | None, message: str) -> None:
    """The test makes the error itself: a real one would ask name servers elsewhere."""
    key = ConnectionKey(
        "a.test", 80, is_ssl=False, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
    )
    error = aiohttp.ClientConnectorDNSError(key, OSError(-2, "Name or service not known"))
    assert str(failure_of(error, URL("http://platform.test/"), proxied)) == message


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EHOSTUNREACH, "cannot be reached: there is no route to it"),
        (errno.ETIMEDOUT, "does not answer: a firewall may be in between"),
        (errno.ENOPROTOOPT, "cannot be reached: Protocol not available"),
    ],
)
def test_a_network_that_fails(number: int, words: str) -> None:
    """In the system's words at least, and without its number."""
    key = ConnectionKey(
        "a.test", 80, is_ssl=False, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
    )
    error = aiohttp.ClientConnectorError(key, OSError(number, "secret"))
    message = str(failure_of(error, URL("http://platform.test/"), None))
    assert message == f"platform.test:80 {words}; check platform.base_url"


def answering(login: web.Response | None, policies: web.Response | None) -> Serve:
    """A platform that gives a token, unless `login` is another answer, and then `policies`."""

    async def answer(request: web.BaseRequest) -> web.Response:
        given = login if request.path.endswith("/token") else policies
        if given is None:
            return web.json_response({"access_token": "token"})
        copy = web.Response(status=given.status, body=given.body)
        copy.headers.update(given.headers)
        return copy

    return partial(serving, answer)


ANSWERS: list[tuple[web.Response | None, web.Response | None, str]] = [
    (web.Response(status=401), None, f"{LOGIN}the platform answered 401; {CREDENTIALS}"),
    (web.Response(status=400), None, f"{LOGIN}the platform answered 400; {CREDENTIALS}"),
    (
        web.Response(status=404),
        None,
        f"{LOGIN}the platform answered 404; check platform.base_url",
    ),
    (
        web.Response(text="<html>secret", content_type="text/html"),
        None,
        f"{LOGIN}the answer (text/html; charset=utf-8) {NOT_JSON}",
    ),
    (
        web.json_response({"token": "secret"}),
        None,
        f"{LOGIN}the answer (application/json; charset=utf-8) is not what the protocol says: "
        "access_token: is missing",
    ),
    (
        None,
        web.Response(status=401),
        f"{POLICIES}the platform answered 401 to a new token, too; {CREDENTIALS}",
    ),
    (
        None,
        web.Response(status=403),
        f"{POLICIES}the platform answered 403; check that platform.client_id and "
        "platform.client_secret belong to the environment platform.environment_id, and the rights "
        "of the client",
    ),
    (
        None,
        web.Response(status=404),
        f"{POLICIES}the platform answered 404; check platform.organization_id, "
        "platform.environment_id and platform.apis",
    ),
    (
        None,
        web.Response(status=429),
        f"{POLICIES}the platform answered 429: it gets too many requests; the adapter asks again "
        "later",
    ),
    (
        None,
        web.Response(status=503, text="secret"),
        f"{POLICIES}the platform answered 503: it is in trouble; the adapter asks again later",
    ),
    (
        None,
        web.Response(status=501),
        f"{POLICIES}the platform answered 501: it does not know the request, so check that "
        "platform.base_url is the platform's own address; the adapter asks again later",
    ),
    (
        None,
        web.Response(status=405),
        f"{POLICIES}the platform answered 405: it does not accept this request",
    ),
    (
        None,
        web.Response(status=302, headers={"location": "/login"}),
        f"{POLICIES}the platform answered 302, which is not a valid answer to this request; check "
        "that platform.base_url is the platform's own address",
    ),
    (
        None,
        web.Response(text="<html>secret", content_type="text/html"),
        f"{POLICIES}the answer (text/html; charset=utf-8) {NOT_JSON}",
    ),
    (
        None,
        web.Response(body=b'{"policies": [', headers=JSON),
        f"{POLICIES}the answer (application/json) {NOT_JSON}",
    ),
    (
        None,
        web.json_response({"policies": 5}),
        f"{POLICIES}the answer (application/json; charset=utf-8) is not what the protocol says: "
        "the document: must be a list; policies: must be a list",
    ),
    (
        None,
        web.json_response({"policies": [], "total": 3}),
        f"{POLICIES}the list has only 0 of 3 policies",
    ),
    (
        None,
        web.Response(body=bytes(2000), headers=JSON),
        f"{POLICIES}the body is larger than 1024 bytes (platform.max_response_bytes)",
    ),
]


@pytest.mark.parametrize(("login", "policies", "message"), ANSWERS, ids=[row[2] for row in ANSWERS])
async def test_an_answer_that_cannot_be_used(
    login: web.Response | None, policies: web.Response | None, message: str
) -> None:
    """What was asked, what came, and the setting that may be wrong."""
    async with answering(login, policies)() as url:
        assert await failure(url, max_response_bytes=1024) == message
