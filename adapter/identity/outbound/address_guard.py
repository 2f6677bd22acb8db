"""Which IP addresses calls to identity providers may reach."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final, TypeAlias

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
_INNER: Final[tuple[Network, ...]] = tuple(
    ip_network(network)
    for network in ("64:ff9b:1::/48", "fec0::/10", "3fff::/20", "5f00::/16", "192.88.99.0/24")
)
"""Not for the internet (RFC 8215, 3879, 9637, 9602, 7526). Some versions of Python do not know."""
_LAST_32_BITS_ARE_IPV4: Final = tuple(
    IPv6Network(network)
    for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
_LAST_32_BITS: Final = 0xFFFF_FFFF


class AddressGuard:
    """Refuses addresses inside the operator's network, unless the operator allows them.

    Link-local addresses and metadata services of clouds are refused always. Every address that is
    not globally reachable (RFC 6890) is refused unless one of `allowed` contains it. An IPv6
    address that stands for an IPv4 address (RFC 4291, 2.5.5; RFC 2765; RFC 6052; RFC 3056;
    RFC 4380) is judged as both.

    Example: `AddressGuard([ip_network("10.1.0.0/16")])` lets calls reach 10.1.2.3, but not
    10.2.0.1 or 169.254.169.254.
    """

    def __init__(self, allowed: Iterable[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def objection(self, address: Address) -> str | None:
        """Why this address must not be called; None if it may be."""
        objections = (self._objection(form) for form in (address, *_ipv4_in(address)))
        return next((why for why in objections if why is not None), None)

    def _objection(self, address: Address) -> str | None:
        for network, why in _NEVER:
            if address in network:
                return why
        is_outside = address.is_global or bool(_ipv4_in(address))
        if is_outside and not any(address in network for network in _INNER):
            return None
        if any(address in network for network in self._allowed):
            return None
        return "inside this network; identity.allow_networks does not contain it"


def _ipv4_in(address: Address) -> tuple[IPv4Address, ...]:
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
