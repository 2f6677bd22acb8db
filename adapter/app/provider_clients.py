"""The clients for identity providers, opened when they are first needed."""

import asyncio
from typing import TYPE_CHECKING

from adapter.settings import IdentitySettings

if TYPE_CHECKING:
    from adapter.identity.outbound.provider_clients import ProviderClients


class LazyProviderClients:
    """Opens the clients at the first call.

    Importing them takes a noticeable part of a start, and most adapters have no policy that needs
    them.
    """

    def __init__(self, settings: IdentitySettings) -> None:
        self._settings = settings
        self._clients: ProviderClients | None = None
        self._opening = asyncio.Lock()

    async def __call__(self) -> "ProviderClients":
        """The clients; raises ProviderError if the certificates of the settings cannot be read."""
        async with self._opening:
            if self._clients is None:
                # In a thread, so that Checks continue meanwhile.
                self._clients = await asyncio.to_thread(_opened, self._settings)
            return self._clients

    async def close(self) -> None:
        """Close all connections."""
        if self._clients is not None:
            await self._clients.close()


def _opened(settings: IdentitySettings) -> "ProviderClients":
    # Only here: see the class.
    from adapter.identity.outbound.address_guard import AddressGuard  # noqa: PLC0415
    from adapter.identity.outbound.provider_clients import ProviderClients  # noqa: PLC0415
    from adapter.identity.outbound.provider_url import UrlRules  # noqa: PLC0415
    from adapter.identity.outbound.tls import provider_tls  # noqa: PLC0415

    guard = AddressGuard(settings.allow_networks)
    rules = UrlRules(guard, allow_http=settings.allow_http, allowed_hosts=settings.allowed_hosts)
    tls = provider_tls(settings.ca_file, settings.certificate_file, settings.key_file)
    return ProviderClients(rules, guard, max_response_bytes=settings.max_response_bytes, tls=tls)
