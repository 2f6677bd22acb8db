"""The clients for identity providers, opened when they are first needed."""

import asyncio
import ssl
from typing import TYPE_CHECKING, Final

from adapter.identity.outbound.tls import ProviderTls
from adapter.runtime.clock import Clock
from adapter.runtime.retirement import Retirement
from adapter.settings import IdentitySettings

if TYPE_CHECKING:
    from adapter.identity.outbound.provider_clients import ProviderClients

_LONGEST_CALL_S: Final = 600.0
"""The longest timeout that a policy may set for a provider."""


def provider_tls(settings: IdentitySettings) -> ProviderTls:
    """The TLS for identity providers and LDAP servers."""
    return ProviderTls(settings.ca_file, settings.certificate_file, settings.key_file)


class LazyProviderClients:
    """Opens the clients at the first call, and again when their certificates were renewed.

    Importing them takes a noticeable part of a start, and most adapters have no policy that needs
    them.
    """

    def __init__(self, settings: IdentitySettings, tls: ProviderTls, clock: Clock) -> None:
        self._settings = settings
        self._tls = tls
        self._clients: ProviderClients | None = None
        self._opened_with: ssl.SSLContext | None = None
        self._opening = asyncio.Lock()
        self._retirement = Retirement(clock)

    async def __call__(self) -> "ProviderClients":
        """The clients; raises ProviderError if the certificates of the settings cannot be read."""
        async with self._opening:
            tls = await self._tls.current()
            if self._clients is not None and tls is not self._opened_with:
                self._retirement.add(self._clients.close, _LONGEST_CALL_S)
                self._clients = None
            if self._clients is None:
                # In a thread, so that Checks continue meanwhile.
                self._clients = await asyncio.to_thread(_opened, self._settings, tls)
                self._opened_with = tls
            return self._clients

    async def close(self) -> None:
        """Close all connections."""
        await self._retirement.close()
        if self._clients is not None:
            await self._clients.close()


def _opened(settings: IdentitySettings, tls: ssl.SSLContext) -> "ProviderClients":
    # Only here: see the class.
    from adapter.identity.outbound.address_guard import AddressGuard  # noqa: PLC0415
    from adapter.identity.outbound.provider_clients import ProviderClients  # noqa: PLC0415
    from adapter.identity.outbound.provider_url import UrlRules  # noqa: PLC0415

    guard = AddressGuard(settings.allow_networks)
    rules = UrlRules(guard, allow_http=settings.allow_http, allowed_hosts=settings.allowed_hosts)
    return ProviderClients(rules, guard, max_response_bytes=settings.max_response_bytes, tls=tls)
