"""The bearer token: fetched by client credentials, renewed before it expires."""

import asyncio
import json
from typing import Final

from adapter.errors import PlatformError, PlatformRefusedError, PlatformRejectedError
from adapter.platform_client.http.exchange import CREDENTIALS, Exchange, require_success
from adapter.platform_client.protocol.document_reader import read_document
from adapter.platform_client.protocol.documents import TOKEN, TokenDocument
from adapter.platform_client.protocol.options import PlatformOptions
from adapter.runtime.backoff import Backoff, Jitter
from adapter.runtime.clock import Clock, MonotonicTime

_PATH: Final = "/accounts/oauth2/token"
_UNKNOWN_LIFETIME_S: Final = 1800.0
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0
_PART_OF_LIFE: Final = 0.9
"""A token is renewed after this part of its life."""


class TokenSource:
    """Holds the current token, and fetches a new one before it expires.

    Only one request is in progress, even if many callers wait for a token. After a failure all
    callers get this failure for a moment, so that a platform in trouble gets few requests.
    """

    def __init__(
        self, exchange: Exchange, options: PlatformOptions, clock: Clock, jitter: Jitter
    ) -> None:
        self._exchange = exchange
        self._options = options
        self._clock = clock
        self._backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S, jitter)
        self._fetching = asyncio.Lock()
        self._token = ""
        self._renew_at = MonotonicTime(0)
        self._failure: PlatformError | None = None
        self._paused_until = MonotonicTime(0)

    async def token(self) -> str:
        """A token that should be valid; raises PlatformError if there is none."""
        async with self._fetching:
            now = self._clock.monotonic()
            if self._token and now < self._renew_at:
                return self._token
            if self._failure is not None and now < self._paused_until:
                raise self._failure.with_traceback(None)
            await self._renew()
            return self._token

    def discard(self, token: str) -> None:
        """Forget that token, which the platform refused; a newer one stays."""
        if token == self._token:
            self._token = ""

    def forget_failure(self) -> None:
        """End the pause after a failure."""
        self._failure = None

    async def _renew(self) -> None:
        try:
            document = await self._fetch()
        except PlatformError as e:
            self._failure = e
            wait_s = self._backoff.failed(getattr(e, "retry_after_s", None))
            self._paused_until = MonotonicTime(self._clock.monotonic() + wait_s)
            raise
        self._failure = None
        self._backoff.succeeded()
        self._token = document.access_token
        lifetime_s = document.expires_in or _UNKNOWN_LIFETIME_S
        self._renew_at = MonotonicTime(self._clock.monotonic() + _PART_OF_LIFE * lifetime_s)

    async def _fetch(self) -> TokenDocument:
        credentials = {
            "grant_type": "client_credentials",
            "client_id": self._options.client_id,
            "client_secret": self._options.client_secret,
        }
        url = self._options.base_url.rstrip("/") + _PATH
        headers = {"accept": "application/json", "content-type": "application/json"}
        body = json.dumps(credentials).encode()
        response = await self._exchange.send("POST", url, headers=headers, body=body)
        try:
            require_success(response, self._clock, "platform.base_url")
        except PlatformRejectedError as e:
            # RFC 6749, 5.2: wrong credentials may be a 400.
            raise PlatformRefusedError(
                f"the platform answered {e.status}; check {CREDENTIALS}", what=e.what
            ) from None
        return await read_document(TOKEN, response)
