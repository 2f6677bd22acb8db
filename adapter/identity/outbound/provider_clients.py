"""Clients for identity providers, directly or through the proxies that the environment names."""

import asyncio
import ssl

import httpcore
from yarl import URL

from adapter.errors import ProviderError
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.identity.outbound.provider_client import ProviderClient
from adapter.identity.outbound.provider_url import UrlRules
from adapter.runtime.proxy import proxy_for


class ProviderClients:
    """Chooses the client for each URL: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY count."""

    def __init__(
        self, rules: UrlRules, guard: AddressGuard, *, max_response_bytes: int, tls: ssl.SSLContext
    ) -> None:
        self._rules = rules
        self._guard = guard
        self._max_response_bytes = max_response_bytes
        self._tls = tls
        self._clients: dict[URL | None, ProviderClient] = {}
        """By proxy, of which the environment names a few at most."""

    def client_for(self, url: str) -> ProviderClient:
        """The client for that URL. Raises PolicyError or ProviderError if it cannot be called."""
        checked = str(self._rules.checked(url))
        try:
            proxy = proxy_for(URL(checked, encoded=True))
        except ValueError as e:
            raise ProviderError(str(e)) from None
        if proxy not in self._clients:
            self._clients[proxy] = ProviderClient(
                self._rules,
                self._guard,
                max_response_bytes=self._max_response_bytes,
                tls=self._tls,
                proxy=None if proxy is None else _proxy(proxy, self._tls),
            )
        return self._clients[proxy]

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(client.close() for client in self._clients.values()))


def _proxy(proxy: URL, tls: ssl.SSLContext) -> httpcore.Proxy:
    user = None
    if proxy.user is not None:
        # As octets: the library would take ASCII only, and `proxy_for` admits Latin-1.
        user = (proxy.user.encode("latin-1"), (proxy.password or "").encode("latin-1"))
    trusted = tls if proxy.scheme == "https" else None
    return httpcore.Proxy(str(proxy.with_user(None)), auth=user, ssl_context=trusted)
