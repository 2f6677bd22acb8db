"""Converts the adapter's form of addresses to Envoy's form."""

import ipaddress
from typing import Final

from adapter.envoy_config.tree import Tree

UNIX: Final = "unix:"
ABSTRACT: Final = "unix-abstract:"


def address_of(address: str) -> Tree:
    """The address in Envoy's form."""
    if address.startswith(ABSTRACT):
        return {"pipe": {"path": f"@{address.removeprefix(ABSTRACT)}"}}
    if address.startswith(UNIX):
        return {"pipe": {"path": address.removeprefix(UNIX)}}
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}


def is_name(address: str) -> bool:
    """Whether the address has a host name that must be resolved."""
    if address.startswith((UNIX, ABSTRACT)):
        return False
    try:
        ipaddress.ip_address(address.rpartition(":")[0].strip("[]"))
    except ValueError:
        return True
    return False
