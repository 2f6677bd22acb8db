"""One HTTP exchange, bounded in time and bytes, and what its status means."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Protocol, TypeAlias
from urllib.parse import urlsplit

from adapter.errors import (
    AdapterError,
    DocumentError,
    PlatformNotFoundError,
    PlatformRefusedError,
    PlatformRejectedError,
    PlatformUnavailableError,
)
from adapter.runtime.clock import Clock, WallTime
from adapter.runtime.fairness import LoopTurns

_TRY_LATER = frozenset({408, 425, 429})


class HttpError(AdapterError):
    """No whole response came; the message says why, and holds nothing that was sent."""


class BrokenBodyError(HttpError):
    """A body that is not compressed as its headers say."""


class HttpRequest(NamedTuple):
    """What goes out as it stands: the URL byte for byte, the body neither compressed nor cut up.

    Headers that HTTP asks for are added.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class StreamedResponse(NamedTuple):
    """The head of a response, and its body as it comes."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    chunks: AsyncIterator[bytes]
    """Decompressed, each of bounded size; raises HttpError where the body breaks off."""


class Http(Protocol):
    """Whoever speaks HTTP for us: certificates, proxies and connections are its matter."""

    def send(self, request: HttpRequest) -> AbstractAsyncContextManager[StreamedResponse]:
        """Give the response, redirects too, for as long as it is read; raises HttpError."""


OpenHttp: TypeAlias = Callable[[], Awaitable[Http]]
"""Gives the same HTTP client each time, once it is open; or raises PlatformUnavailableError."""


class WholeResponse(NamedTuple):
    """A complete response."""

    what: str
    """The request's method and path, for messages; without the query."""
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


class Exchange:
    """Sends requests; every one ends within the timeout and below the limit, or fails.

    Redirects are not followed: the platform's address is the operator's choice, and the token must
    not travel.
    """

    def __init__(
        self, http: OpenHttp, turns: LoopTurns, *, timeout_s: float, max_response_bytes: int
    ) -> None:
        self._http = http
        self._turns = turns
        self._timeout_s = timeout_s
        self._max_response_bytes = max_response_bytes

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> WholeResponse:
        """Send; raise PlatformUnavailableError or DocumentError if no whole answer came."""
        http = await self._http()
        await self._turns.wait()  # to make and send one takes as long as a few Checks
        request = HttpRequest(method, url, headers, body)
        what = f"{method} {urlsplit(url).path}"
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._send(http, request, what)
        except TimeoutError:
            raise PlatformUnavailableError(
                f"{what}: no complete answer within {self._timeout_s:g} s"
            ) from None
        except BrokenBodyError as e:
            raise DocumentError(f"{what}: {e}") from None
        except HttpError as e:
            raise PlatformUnavailableError(f"{what}: {e}") from None

    async def _send(self, http: Http, request: HttpRequest, what: str) -> WholeResponse:
        async with http.send(request) as response:
            await self._turns.wait()  # and so it does to read one
            body = bytearray()
            async for chunk in response.chunks:
                if body:
                    await self._turns.wait()  # much of a long one may be at hand at once
                body += chunk
                if len(body) > self._max_response_bytes:
                    raise DocumentError(
                        f"{what}: the body is larger than {self._max_response_bytes} bytes "
                        "(platform.max_response_bytes)"
                    )
            return WholeResponse(what, response.status, response.headers, bytes(body))


def require_success(answer: WholeResponse, clock: Clock) -> None:
    """Turn every status but 2xx and 304 into the exception that says whose fault it is."""
    status, what = answer.status, answer.what
    if 200 <= status < 300 or status == 304:
        return
    message = f"{what}: the platform answered {status}"
    if status in {401, 403}:
        raise PlatformRefusedError(
            f"{message}; check the gateway's client id and secret, and their rights"
        )
    if status == 404:
        raise PlatformNotFoundError(message)
    if status in _TRY_LATER or status >= 500:
        raise PlatformUnavailableError(message, retry_after_s=retry_after_s(answer, clock))
    if 400 <= status < 500:
        raise PlatformRejectedError(message, status=status)
    raise DocumentError(
        f"{message}, which is no answer to this request; is platform.base_url the platform's own "
        "address?"
    )


def server_time(answer: WholeResponse) -> WallTime | None:
    """The server's clock, from the `Date` header (RFC 9110, 6.6.1)."""
    return _http_date(answer.headers.get("date", ""))


def retry_after_s(answer: WholeResponse, clock: Clock) -> float | None:
    """The wait that the platform asks for (RFC 9110, 10.2.3): seconds, or a date by its clock."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    date = _http_date(text)
    if date is None:
        return None
    return max(0.0, date - (server_time(answer) or clock.now()))


def _http_date(text: str) -> WallTime | None:
    try:
        date = parsedate_to_datetime(text)
        return WallTime(date.replace(tzinfo=date.tzinfo or UTC).timestamp())
    except (ValueError, OverflowError):
        return None
