"""Reads the adapter's form of addresses, and converts it to Envoy's form."""

import ipaddress
from typing import Final

from adapter.envoy_config.parts.tree import Tree

UNIX: Final = "unix:"
ABSTRACT: Final = "unix-abstract:"


def address_of(address: str) -> Tree:
    """The address in Envoy's form."""
    if address.startswith(ABSTRACT):
        return {"pipe": {"path": f"@{address.removeprefix(ABSTRACT)}"}}
    if address.startswith(UNIX):
        return {"pipe": {"path": address.removeprefix(UNIX)}}
    port = address.rpartition(":")[2]
    return {"socket_address": {"address": host_of(address), "port_value": int(port)}}


def is_socket(address: str) -> bool:
    """Whether it is the address of a Unix socket."""
    return address.startswith((UNIX, ABSTRACT))


def is_name(address: str) -> bool:
    """Whether the address has a host name that must be resolved."""
    return not is_socket(address) and not is_ip(host_of(address))


def is_ip(host: str) -> bool:
    """Whether the host is an IP address, without brackets."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def host_of(address: str) -> str:
    """The host of `host:port`, without brackets."""
    return address.rpartition(":")[0].strip("[]")
