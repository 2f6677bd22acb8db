"""Which addresses a webhook may have.

An API admin gives the URL, and our request comes from the operator's network. Clouds answer
requests to link-local addresses with the credentials of the machine. So the resolved address is
checked, and not only the name. Addresses of private networks are allowed: that is where webhooks
usually are.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from control_plane.errors import ControlPlaneError

Address = IPv4Address | IPv6Address

_METADATA: Final = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"))
)
"""Metadata services of clouds that are not link-local."""
_NO_HOST: Final = (IPv4Network("0.0.0.0/8"), IPv4Network("255.255.255.255/32"))
"""What only this machine or everybody on a network may mean."""
_WITH_IPV4: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
"""IPv6 addresses that end with an IPv4 address (RFC 6052, RFC 4291 2.5.5.1, RFC 2765)."""


class RefusedAddressError(ControlPlaneError):
    """A webhook's address is one that no request is sent to, or is none at all."""


def checked_url(url: str, *, loopback: bool) -> SplitResult:
    """The parts of a webhook's URL; raise RefusedAddressError if no request is sent there.

    `loopback` allows loopback addresses. Names are checked when they are resolved.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(each.isspace() or not each.isprintable() for each in url):
        raise RefusedAddressError("must be a URL such as https://hooks.example.com/alerts")
    if parts.username is not None or parts.fragment:
        raise RefusedAddressError("must have neither a user nor a fragment")
    host = parts.hostname or ""
    try:
        literal = ip_address(host)
    except ValueError:
        return parts
    _require_allowed(literal, host, loopback=loopback)
    return parts


async def resolved(host: str, port: int, *, loopback: bool) -> str:
    """An address of the host; raise RefusedAddressError if any of its addresses is not allowed."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RefusedAddressError(f"the host {host} can't be resolved") from error
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    for address in addresses:
        _require_allowed(address, host, loopback=loopback)
    return str(addresses[0])


def _require_allowed(address: Address, host: str, *, loopback: bool) -> None:
    inner = _inner(address)
    if inner.is_loopback:
        if loopback:
            return
        kind = "a loopback address"
    elif inner.is_link_local or inner in _METADATA:
        kind = "a link-local or metadata address"
    elif inner.is_multicast or inner.is_unspecified or any(inner in each for each in _NO_HOST):
        kind = "no address of a single host"
    else:
        return
    raise RefusedAddressError(f"{host} is {kind} ({address}): no webhook is sent there")


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return address
    if any(address in each for each in _WITH_IPV4):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo and address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or teredo or address
