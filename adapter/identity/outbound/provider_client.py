"""The HTTP client for identity providers: bounded, guarded, and without redirects."""

import asyncio
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Final, NamedTuple, Self

import httpcore
import httpx

from adapter.errors import ProviderError
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.identity.outbound.guarded_network import GuardedNetwork
from adapter.identity.outbound.provider_url import UrlRules

_MAX_CONNECTIONS: Final = 256
"""More than callers use at once, because each has a limit of its own."""
_KEPT_OPEN_S: Final = 30.0


class ProviderAnswer(NamedTuple):
    """What an identity provider answered."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


class ProviderClient:
    """Calls identity providers at URLs from policies.

    Each URL is checked against the operator's rules before every call, and each resolved address
    before every connection. Redirects are not followed: an answer with status 3xx is returned as
    it is. `https` verifies the provider's certificate.
    """

    def __init__(
        self,
        rules: UrlRules,
        guard: AddressGuard,
        *,
        max_response_bytes: int,
        tls: ssl.SSLContext | None = None,
        proxy: httpcore.Proxy | None = None,
    ) -> None:
        """Use `tls` for private CAs and a client certificate, and `proxy` for every call."""
        self._rules = rules
        self._max_bytes = max_response_bytes
        # A proxy is the operator's own choice and may have any address. It resolves the names of
        # providers, so only the rules for URLs protect calls through it.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or httpx.create_ssl_context(),
            proxy=proxy,
            max_connections=_MAX_CONNECTIONS,
            keepalive_expiry=_KEPT_OPEN_S,
            network_backend=None if proxy else GuardedNetwork(guard),
        )

    async def __aenter__(self) -> Self:
        """Use the client in `async with`, or call `close`."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()

    async def get(self, url: str, *, timeout_s: float, accept: str = "*/*") -> ProviderAnswer:
        """GET the URL.

        Raises PolicyError if the operator's rules refuse the URL, and ProviderError if the provider
        gives no complete answer within the time and size.
        """
        return await self._call("GET", url, {"accept": accept}, b"", timeout_s)

    async def post_form(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str], *, timeout_s: float
    ) -> ProviderAnswer:
        """POST a form (`application/x-www-form-urlencoded`). Raises like `get`."""
        body = str(httpx.QueryParams(fields)).encode()
        form = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        return await self._call("POST", url, {**form, **headers}, body, timeout_s)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    async def _call(
        self, method: str, text: str, headers: Mapping[str, str], body: bytes, timeout_s: float
    ) -> ProviderAnswer:
        url = self._rules.checked(text)
        request = httpx.Request(method, url, headers=dict(headers), content=body or None)
        try:
            # One limit for everything: a provider that sends an octet now and then would stay
            # within every limit for single reads.
            async with asyncio.timeout(timeout_s):
                return await self._exchange(request, url, body, timeout_s)
        except (
            TimeoutError,
            ssl.SSLError,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.ProxyError,
            httpcore.TimeoutException,
        ) as e:
            raise ProviderError(f"{_shown(url)}: {_reason(e, timeout_s)}") from None

    async def _exchange(
        self, request: httpx.Request, url: httpx.URL, body: bytes, timeout_s: float
    ) -> ProviderAnswer:
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        limits = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
        async with self._pool.stream(
            request.method,
            target,
            headers=request.headers.raw,
            content=body,
            extensions={"timeout": limits},
        ) as response:
            headers = _lowered(response.headers)
            return ProviderAnswer(response.status, headers, await self._read(response))

    async def _read(self, response: httpcore.Response) -> bytes:
        """The body; it is not decompressed, because no compression was offered."""
        chunks, size = [], 0
        async for chunk in response.aiter_stream():
            size += len(chunk)
            if size > self._max_bytes:
                raise httpcore.ReadError(f"the answer is larger than {self._max_bytes:,} bytes")
            chunks.append(chunk)
        return b"".join(chunks)


def _lowered(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def _shown(url: httpx.URL) -> str:
    """Scheme, host and port: paths and queries may hold secrets."""
    return f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"


def _reason(error: Exception, timeout_s: float) -> str:
    if isinstance(error, (TimeoutError, httpcore.TimeoutException)):
        return f"no complete answer within {timeout_s:g} s"
    return str(error) or type(error).__name__
