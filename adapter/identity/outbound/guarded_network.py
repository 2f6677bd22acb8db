"""Connections whose resolved address is checked, each time one is opened."""

import asyncio
from collections.abc import Iterable

import httpcore
from httpcore import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

from adapter.errors import ProviderError
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.identity.outbound.resolution import allowed_addresses
from adapter.policy.outbound_hosts import Address


class RefusedAddressError(httpcore.ConnectError):
    """A host name has no address, or one that must not be called."""


class GuardedNetwork(AsyncNetworkBackend):
    """Resolves a host, checks every address, and connects to one that was checked.

    A check of the name alone, or of an earlier answer, would not do: the owner of the name can
    change its address between the check and the connection (DNS rebinding). The name still counts
    for TLS: certificates are verified against it.
    """

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._network: AsyncNetworkBackend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address that answers; raises RefusedAddressError."""
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        async with asyncio.timeout(timeout):
            for address in await self._addresses(host, port):
                try:
                    return await self._network.connect_tcp(
                        str(address), port, timeout, local_address, socket_options
                    )
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as e:
                    failure = e
        raise failure

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - httpcore's interface
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - httpcore's interface
        socket_options: Iterable[SOCKET_OPTION] | None = None,  # noqa: ARG002 - httpcore's interface
    ) -> AsyncNetworkStream:
        """Refuse: identity providers are reached over TCP."""
        raise RefusedAddressError("identity providers are reached over TCP only")

    async def sleep(self, seconds: float) -> None:
        """See `AsyncNetworkBackend`."""
        await self._network.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[Address]:
        """Every address of the host, all of them allowed."""
        try:
            return await allowed_addresses(host, port, self._guard)
        except ProviderError as e:
            raise RefusedAddressError(str(e)) from None
