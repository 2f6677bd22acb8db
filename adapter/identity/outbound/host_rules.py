"""Which hosts of identity providers may be called, as far as a policy's text tells."""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, ip_address
from typing import Final

from adapter.identity.outbound.address_guard import Address, AddressGuard

_NUMBER_LAST: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
"""Hosts that many programs read as an IPv4 address, such as `0x7f.1` or `2130706433`. No top-level
domain is a number (RFC 3696, 2)."""
_LOOPBACK_NAME: Final = re.compile(r"(?:.*\.)?localhost\.?")
"""RFC 6761, 6.3."""
_LOOPBACK: Final = IPv4Address("127.0.0.1")


class HostRules:
    """What the operator says about hosts.

    `allowed_hosts`: only these names, or None for any. A name that begins with `*.` allows every
    subdomain. An address in place of a name is checked like a resolved one, and so is `localhost`:
    a proxy would resolve these to addresses that nobody checks.
    """

    def __init__(self, guard: AddressGuard, allowed_hosts: Collection[str] | None = None) -> None:
        self._guard = guard
        self._hosts = None if allowed_hosts is None else {host.lower() for host in allowed_hosts}

    def objection(self, host: str) -> str | None:
        """Why this host must not be called; None if it may be."""
        host = host.lower()
        if self._hosts is not None and not _is_among(host, self._hosts):
            return "the host is not in identity.allowed_hosts"
        try:
            address = _address(host)
        except ValueError as e:
            return str(e)
        objection = None if address is None else self._guard.objection(address)
        return None if objection is None else f"the address is {objection}"


def _address(host: str) -> Address | None:
    """The address that the host is; None if it is a name. Raises ValueError for odd spellings."""
    if _LOOPBACK_NAME.fullmatch(host):
        return _LOOPBACK
    try:
        return ip_address(host)
    except ValueError:
        if _NUMBER_LAST.fullmatch(host):
            raise ValueError("an IPv4 address is four decimal numbers with dots") from None
        return None


def _is_among(host: str, hosts: set[str]) -> bool:
    parents = (f"*.{host[at + 1 :]}" for at, char in enumerate(host) if char == ".")
    return host in hosts or any(parent in hosts for parent in parents)
