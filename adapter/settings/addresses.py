"""Types of settings that are addresses."""

import ipaddress
from typing import Annotated, Final

from pydantic import AfterValidator

_UNIX: Final = ("unix:", "unix-abstract:")


def _host_and_port(address: str) -> str:
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{address!r} is not HOST:PORT")
    return address


def is_unix_socket(address: str) -> bool:
    """Whether the address has a path or a name instead of a port."""
    return address.startswith(_UNIX)


def _listen_address(address: str) -> str:
    for scheme in _UNIX:
        if address.startswith(scheme):
            if len(address) == len(scheme):
                raise ValueError(f"{address!r} names no socket: add its path or name")
            return address
    return _host_and_port(address)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _loopback(address: str) -> str:
    if not is_loopback(_host_and_port(address).rpartition(":")[0]):
        raise ValueError(f"{address!r} is not a loopback address, such as 127.0.0.1:9103")
    return address


HostPort = Annotated[str, AfterValidator(_host_and_port)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
LoopbackAddress = Annotated[str, AfterValidator(_loopback)]
