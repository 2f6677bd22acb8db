"""Sets of IP addresses. The lookup time does not depend on their number."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_OCTETS: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}")
_MOST_CHARS: Final = 64
"""Longer than any address, even one with a scope. Rejects long input before parsing it."""
_MAPPED: Final = IPv6Network("::ffff:0:0/96")


def parse_address(text: str) -> Address | None:
    """Parse an address; None if invalid. IPv4-mapped ones (RFC 4291, 2.5.5.2) become IPv4."""
    if len(text) > _MOST_CHARS:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return None if address.scope_id else address.ipv4_mapped or address
    return address


def parse_network(text: str) -> Network:
    """Parse an address, a CIDR block or leading octets such as `192.168`; raises ValueError."""
    text = text.strip()
    if "%" in text:
        raise ValueError("an address with a scope is valid on one machine only")
    if _OCTETS.fullmatch(text):
        octets = text.split(".")
        text = ".".join(octets + ["0"] * (4 - len(octets))) + f"/{8 * len(octets)}"
    network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        low = int(network.network_address) & 0xFFFF_FFFF
        return IPv4Network((low, network.prefixlen - 96))
    return network


class AddressSet:
    """The addresses of many networks, looked up with one step per different prefix length."""

    def __init__(self, networks: Iterable[Network]) -> None:
        prefixes: dict[int, dict[int, set[int]]] = {4: {}, 6: {}}
        for network in networks:
            shift = network.max_prefixlen - network.prefixlen
            found = prefixes[network.version].setdefault(shift, set())
            found.add(int(network.network_address) >> shift)
        self._by_version = {
            version: tuple((shift, frozenset(found)) for shift, found in sorted(table.items()))
            for version, table in prefixes.items()
        }

    def __contains__(self, address: Address) -> bool:
        number = int(address)
        return any(number >> shift in found for shift, found in self._by_version[address.version])
