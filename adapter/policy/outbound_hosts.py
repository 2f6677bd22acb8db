"""Which hosts no policy may make an adapter call, whatever its operator allows.

`identity.outbound` decides what a certain adapter may call. What it would refuse in any case is
refused here, when a policy is checked: link-local addresses, metadata services of clouds, and URLs
with a password.
"""

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, TypeAlias
from urllib.parse import urlsplit

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_NEVER: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ip_network(network), why)
    for network, why in (
        ("169.254.0.0/16", "link-local, where clouds serve credentials"),
        ("fe80::/10", "link-local"),
        ("fd00:ec2::/32", "the metadata service of a cloud"),
        ("fd20:ce::/32", "the metadata service of a cloud"),
        ("fd00:42::/32", "the metadata service of a cloud"),
        ("100.100.100.200/32", "the metadata service of a cloud"),
        ("168.63.129.16/32", "the metadata service of a cloud"),
        ("192.0.0.192/32", "the metadata service of a cloud"),
        ("0.0.0.0/8", "no destination"),
        ("::/128", "no destination"),
        ("224.0.0.0/4", "multicast"),
        ("ff00::/8", "multicast"),
        ("255.255.255.255/32", "broadcast"),
    )
)
_LAST_32_BITS_ARE_IPV4: Final = tuple(
    IPv6Network(network)
    for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
_LAST_32_BITS: Final = 0xFFFF_FFFF
_NUMBER_LAST: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
"""Hosts that many programs read as an IPv4 address, such as `0x7f.1` or `2130706433`. No top-level
domain is a number (RFC 3696, 2)."""
_LOOPBACK_NAME: Final = re.compile(r"(?:.*\.)?localhost\.?")
"""RFC 6761, 6.3."""
_LOOPBACK: Final = IPv4Address("127.0.0.1")


def objection_to_url(url: str) -> str | None:
    """Why no adapter calls this URL, without its query; None if one may."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if not host:
        return "has no host"
    if "@" in parts.netloc:
        return f"{parts.scheme}://{host}: a user or password in the URL is not supported"
    objection = objection_to_host(host)
    return None if objection is None else f"{parts.scheme}://{host}: {objection}"


def objection_to_host(host: str) -> str | None:
    """Why no adapter calls this host; None if one may."""
    try:
        address = address_of(host.lower())
    except ValueError as e:
        return str(e)
    never = None if address is None else never_called(address)
    return None if never is None else f"the address is {never}"


def never_called(address: Address) -> str | None:
    """What the address is, if it must not be called; None if it may be."""
    for form in (address, *ipv4_in(address)):
        for network, why in _NEVER:
            if form in network:
                return why
    return None


def address_of(host: str) -> Address | None:
    """The address that the host is; None if it is a name. Raises ValueError for odd spellings."""
    if _LOOPBACK_NAME.fullmatch(host):
        return _LOOPBACK
    try:
        return ip_address(host)
    except ValueError:
        if _NUMBER_LAST.fullmatch(host):
            raise ValueError("an IPv4 address is four decimal numbers with dots") from None
        return None


def ipv4_in(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, IPv4Address):
        return ()
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if int(address) > 1 and any(address in network for network in _LAST_32_BITS_ARE_IPV4):
        return (IPv4Address(int(address) & _LAST_32_BITS),)
    return ()
