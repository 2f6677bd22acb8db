"""HTTP by aiohttp's client. To import it takes a tenth of a second: only when it is needed."""

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from io import BytesIO
from typing import Final

import aiohttp
import certifi
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from adapter.platform_client.http.exchange import (
    BrokenBodyError,
    HttpError,
    HttpRequest,
    StreamedResponse,
)
from adapter.platform_client.http.proxy import proxy_for

_HEADERS: Final = {
    # Not all that aiohttp could decompress: what is installed beside it must not decide.
    "accept-encoding": "gzip",
    "user-agent": f"envoy-policy-adapter/{version('envoy-policy-adapter')}",
}
_IDLE_S: Final = 30.0
"""How long a connection waits for its next request: longer than polls are apart by default, and
shorter than load balancers, by default, let it."""

_STEP_BYTES: Final = 64 * 1024
"""About as much of a body is decompressed at once, while Checks wait."""


def authorities() -> ssl.SSLContext:
    """Whose signatures are believed: those of SSL_CERT_FILE or SSL_CERT_DIR, else of Mozilla.

    Raises OSError if they cannot be read.
    """
    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or not directory:
        context = ssl.create_default_context(cafile=file or certifi.where())
    else:
        context = ssl.create_default_context(capath=directory)
    context.set_alpn_protocols(["http/1.1"])
    return context


class AiohttpClient:
    """Sends requests over connections that it keeps; to be made in the event loop.

    Not aiohttp's `trust_env`: it would look for a proxy and into ~/.netrc in threads, for each
    request, and what it finds there stands against an `authorization` of our own.
    """

    def __init__(self, trusted: ssl.SSLContext) -> None:
        self._proxies: dict[tuple[str, str], URL | None] = {}
        self._session = aiohttp.ClientSession(
            # How many requests are under way, and for how long, is decided by those who send them.
            connector=aiohttp.TCPConnector(ssl=trusted, limit=0, keepalive_timeout=_IDLE_S),
            timeout=aiohttp.ClientTimeout(),
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=_STEP_BYTES,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    @asynccontextmanager
    async def send(self, request: HttpRequest) -> AsyncIterator[StreamedResponse]:
        """See `Http.send`. A connection that has died meanwhile is replaced, but for a POST."""
        url = URL(request.url, encoded=True)
        try:
            async with self._session.request(
                request.method,
                url,
                headers=request.headers,
                data=None if request.body is None else BytesIO(request.body),
                proxy=self._proxy(url),
                allow_redirects=False,
            ) as response:
                yield StreamedResponse(
                    response.status, response.headers, response.content.iter_any()
                )
        except aiohttp.ClientError as e:
            raise _failure(e) from None

    def _proxy(self, url: URL) -> URL | None:
        """The environment is asked once for each address; there are two at most."""
        address = url.scheme, url.raw_authority
        if address not in self._proxies:
            self._proxies[address] = proxy_for(url)
        return self._proxies[address]


def _failure(error: aiohttp.ClientError) -> HttpError:
    """In our own words where aiohttp's would show what was sent, or all that came."""
    match error:
        case aiohttp.ClientPayloadError(__cause__=ContentEncodingError()):
            return BrokenBodyError("the body's compression is broken")
        case aiohttp.ClientPayloadError():
            return HttpError("the connection broke off amid the body")
        case aiohttp.ServerDisconnectedError():
            return HttpError("the connection was closed without an answer")
        case aiohttp.ClientHttpProxyError():
            return HttpError(f"the proxy answered {error.status}")
        case aiohttp.ClientResponseError():
            return HttpError("the answer is not HTTP, or its head is too large")
    return HttpError(str(error) or type(error).__name__)
