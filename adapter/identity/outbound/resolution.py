"""Resolves the names of identity providers to addresses that may be called."""

import asyncio
import socket
from ipaddress import ip_address

from adapter.errors import ProviderError
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.policy.outbound_hosts import Address


async def allowed_addresses(host: str, port: int, guard: AddressGuard) -> list[Address]:
    """Every address of the host; raises ProviderError if one of them must not be called.

    Connect to one of these addresses, not to the name: the owner of the name can change its
    address between this check and the connection (DNS rebinding).
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as e:
        reason = getattr(e, "strerror", None) or "not a host name"
        raise ProviderError(f"{host} cannot be resolved: {reason}") from None
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        objection = guard.objection(address)
        if objection is not None:
            raise ProviderError(f"{host} has the address {address}: {objection}")
    return list(dict.fromkeys(addresses))
