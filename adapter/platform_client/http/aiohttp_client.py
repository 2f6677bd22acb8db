"""HTTP requests by aiohttp. Importing it takes a tenth of a second, so import it when needed."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Final

import aiohttp
from yarl import URL

from adapter.platform_client.http.connection_failures import failure_of
from adapter.platform_client.http.exchange import (
    PLATFORM_SETTINGS,
    HttpError,
    HttpRequest,
    SettingNames,
    StreamedResponse,
)
from adapter.runtime.proxy import proxy_for
from adapter.runtime.version import program_version

_HEADERS: Final = {
    # gzip only. Otherwise the packages that are installed would decide what aiohttp offers.
    "accept-encoding": "gzip",
    "user-agent": f"envoy-policy-adapter/{program_version()}",
}
_IDLE_S: Final = 30.0
"""How long a connection waits for its next request: longer than the default time between polls,
and shorter than the default idle timeout of load balancers."""

_STEP_BYTES: Final = 64 * 1024
"""About this much of a body is decompressed at once, while Checks wait."""


class AiohttpClient:
    """Sends HTTP requests and keeps connections open; create it in the event loop.

    It knows HTTP and nothing of the platform; `protocol.platform_client` knows the platform.

    aiohttp's `trust_env` is off: for each request it would read the proxy settings and ~/.netrc in
    a thread, and credentials from there conflict with our own `authorization` header.
    """

    def __init__(self, trusted: ssl.SSLContext, names: SettingNames = PLATFORM_SETTINGS) -> None:
        self._names = names
        self._proxies: dict[tuple[str, str], URL | None] = {}
        self._session = aiohttp.ClientSession(
            # The callers limit how many requests are in progress, and how long each may take.
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
        """See `Http.send`. A dead idle connection is replaced, except for a POST."""
        url = URL(request.url, encoded=True)
        proxy = self._proxy(url)
        try:
            async with self._session.request(
                request.method,
                url,
                headers=request.headers,
                data=None if request.body is None else BytesIO(request.body),
                proxy=proxy,
                allow_redirects=False,
            ) as response:
                yield StreamedResponse(
                    response.status, response.headers, response.content.iter_any()
                )
        except aiohttp.ClientError as e:
            raise failure_of(e, url, proxy, self._names) from None

    def _proxy(self, url: URL) -> URL | None:
        """Read the environment once for each address; there are at most two."""
        address = url.scheme, url.raw_authority
        if address not in self._proxies:
            try:
                self._proxies[address] = proxy_for(url)
            except ValueError as e:
                raise HttpError(str(e)) from None
        return self._proxies[address]
