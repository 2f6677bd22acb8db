"""One HTTP exchange, limited in time and bytes, and what its status means."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, Protocol, TypeAlias
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

CREDENTIALS = "platform.client_id and platform.client_secret"
_TRY_LATER = frozenset({408, 425, 429})


class SettingNames(NamedTuple):
    """The settings that messages tell an operator to look at."""

    url: str = "platform.base_url"
    timeout: str = "platform.request_timeout_s"
    max_response_bytes: str = "platform.max_response_bytes"
    authorities: str = "SSL_CERT_FILE in the environment"


PLATFORM_SETTINGS: Final = SettingNames()


class HttpError(AdapterError):
    """No complete response came. The message says why; it shows nothing that was sent."""


class BrokenBodyError(HttpError):
    """A body whose compression does not match its headers."""


class HttpRequest(NamedTuple):
    """What to send. URL and body are sent unchanged; headers that HTTP requires are added."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class StreamedResponse(NamedTuple):
    """The head of a response, and its body while it arrives."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    chunks: AsyncIterator[bytes]
    """Decompressed pieces of limited size; raises HttpError if the body is incomplete."""


class Http(Protocol):
    """An HTTP client. It takes care of certificates, proxies and connections."""

    def send(self, request: HttpRequest) -> AbstractAsyncContextManager[StreamedResponse]:
        """Send; the response is open inside the context. Redirects are responses, too.

        Raises HttpError.
        """


OpenHttp: TypeAlias = Callable[[], Awaitable[Http]]
"""Opens the HTTP client, or returns the open one; raises PlatformUnavailableError."""


class WholeResponse(NamedTuple):
    """A complete response."""

    what: str
    """The request's method and path, for messages; without the query."""
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


class Exchange:
    """Sends requests. Each one ends within the timeout and the size limit, or fails.

    Redirects are not followed: the operator chooses the platform's address, and the token must not
    go anywhere else.
    """

    def __init__(
        self,
        http: OpenHttp,
        turns: LoopTurns,
        *,
        timeout_s: float,
        max_response_bytes: int,
        names: SettingNames = PLATFORM_SETTINGS,
    ) -> None:
        self._http = http
        self._turns = turns
        self._timeout_s = timeout_s
        self._max_response_bytes = max_response_bytes
        self._names = names

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> WholeResponse:
        """Send; raise PlatformUnavailableError or DocumentError if no complete response came."""
        http = await self._http()
        await self._turns.wait()  # sending a request takes as long as a few Checks
        request = HttpRequest(method, url, headers, body)
        what = f"{method} {urlsplit(url).path}"
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._send(http, request, what)
        except TimeoutError:
            raise PlatformUnavailableError(
                f"{urlsplit(url).netloc} gave no complete response within {self._timeout_s:g} s "
                f"({self._names.timeout}); check {self._names.url}, and firewalls",
                what=what,
            ) from None
        except BrokenBodyError as e:
            raise DocumentError(str(e), what=what) from None
        except HttpError as e:
            raise PlatformUnavailableError(str(e), what=what) from None

    async def _send(self, http: Http, request: HttpRequest, what: str) -> WholeResponse:
        async with http.send(request) as response:
            await self._turns.wait()  # reading a response takes as long
            body = bytearray()
            async for chunk in response.chunks:
                if body:
                    await self._turns.wait()  # many pieces of a long body may have arrived
                body += chunk
                if len(body) > self._max_response_bytes:
                    raise DocumentError(
                        f"the body is larger than {self._max_response_bytes} bytes "
                        f"({self._names.max_response_bytes})",
                        what=what,
                    )
            return WholeResponse(what, response.status, response.headers, bytes(body))


_WHY: Final = {
    429: "it gets too many requests",
    501: "it does not know the request, so check that platform.base_url is the platform's own "
    "address",
}
"""What a status means, if not that the platform is in trouble."""


def require_success(answer: WholeResponse, clock: Clock, check_if_missing: str) -> None:
    """Raise the exception for each status other than 2xx and 304; it says whose fault it is.

    `check_if_missing` names the settings that are wrong if the status is 404.
    """
    status, what = answer.status, answer.what
    if 200 <= status < 300 or status == 304:
        return
    said = f"the platform answered {status}"
    if status == 401:
        raise PlatformRefusedError(f"{said}; check {CREDENTIALS}", what=what)
    if status == 403:
        raise PlatformRefusedError(
            f"{said}; check that {CREDENTIALS} belong to the environment "
            "platform.environment_id, and the rights of the client",
            what=what,
        )
    if status == 404:
        raise PlatformNotFoundError(f"{said}; check {check_if_missing}", what=what)
    if status in _TRY_LATER or status >= 500:
        raise PlatformUnavailableError(
            f"{said}: {_WHY.get(status, 'it is in trouble')}; the adapter asks again later",
            what=what,
            retry_after_s=retry_after_s(answer, clock),
            status=status,
        )
    if 400 <= status < 500:
        raise PlatformRejectedError(
            f"{said}: it does not accept this request", status=status, what=what
        )
    raise DocumentError(
        f"{said}, which is not a valid answer to this request; check that platform.base_url "
        "is the platform's own address",
        what=what,
    )


def server_time(answer: WholeResponse) -> WallTime | None:
    """The server's time, from the `Date` header (RFC 9110, 6.6.1)."""
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
