"""Exchanges that carry the gateway's token, and only to the platform."""

from typing import Final

from adapter.errors import ConfigurationError, DocumentError, PlatformRefusedError
from adapter.platform_client.http.exchange import (
    CREDENTIALS,
    Exchange,
    WholeResponse,
    require_success,
)
from adapter.platform_client.http.origin import origin
from adapter.platform_client.protocol.token import TokenSource
from adapter.runtime.clock import Clock

_UNAUTHORIZED: Final = 401
IDS: Final = "platform.organization_id, platform.environment_id and platform.apis"
"""The settings that choose what is asked for."""


class AuthorizedExchange:
    """Sends requests with the token, and makes every bad status an exception.

    The token goes to the `trusted` addresses and nowhere else, whatever a link says. Raises
    ConfigurationError if one of these is not an HTTP address.
    """

    def __init__(
        self, exchange: Exchange, tokens: TokenSource, clock: Clock, trusted: tuple[str, ...]
    ) -> None:
        self._exchange = exchange
        self._tokens = tokens
        self._clock = clock
        self._platform = origin(trusted[0])
        self._trusted = frozenset(map(origin, trusted))
        if "" in self._trusted:
            raise ConfigurationError(
                "platform.base_url and platform.analytics_url: must begin with http:// or "
                "https:// and a host, and must not contain a user name"
            )

    async def send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None = None,
        *,
        check_if_missing: str = IDS,
    ) -> WholeResponse:
        """Send and return a success or a 304; raises PlatformError for everything else.

        `check_if_missing`: see `require_success`.
        """
        self._require_trusted(url)
        response = await self._send_with_token(method, url, headers, body)
        require_success(response, self._clock, check_if_missing)
        return response

    async def _send_with_token(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> WholeResponse:
        """Send; a 401 gets one more try with a new token."""
        for _ in range(2):
            token = await self._tokens.token()
            authorized = {
                "accept": "application/json",
                **headers,
                "authorization": f"Bearer {token}",
            }
            response = await self._exchange.send(method, url, headers=authorized, body=body)
            if response.status != _UNAUTHORIZED:
                return response
            self._tokens.discard(token)
        raise PlatformRefusedError(
            f"the platform answered 401 to a new token, too; check {CREDENTIALS}",
            what=response.what,
        )

    def _require_trusted(self, url: str) -> None:
        found = origin(url)
        if not found:
            raise DocumentError(
                "a link from the platform is not a plain HTTP address (ASCII only; no user name, "
                "spaces or backslashes), so the token is not sent there"
            )
        if found not in self._trusted:
            raise DocumentError(
                f"a link from the platform leads to {found}, which is not the platform's address, "
                f"so the token is not sent there; if the link is right, set platform.base_url to "
                f"that address (now {self._platform})"
            )
