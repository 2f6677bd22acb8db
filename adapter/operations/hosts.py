"""Checks the host of a request to a server that is for this machine only."""

import ipaddress
import re
from typing import Final

_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\]]+\]|[^:\[\]]+)(?::[0-9]{1,5})?")
_ABSOLUTE: Final = re.compile(r"https?://(?P<authority>[^/?#]*)", re.IGNORECASE)


def names_this_machine(host: str, target: str) -> bool:
    """Whether the request's host is an IP address or `localhost`, not another name.

    A web site can make its own name resolve to 127.0.0.1, and its pages can then read the answers
    (DNS rebinding). This does not work with an address or `localhost`. If the target is a whole
    URL, its host replaces the Host header (RFC 9112, 3.2.2), so both are checked. A request without
    a Host header is refused.
    """
    absolute = _ABSOLUTE.match(target)
    if absolute and not _is_local(absolute["authority"]):
        return False
    return _is_local(host)


def _is_local(authority: str) -> bool:
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        return False
    host = parts["host"]
    return host.lower() == "localhost" or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        if host.startswith("["):
            ipaddress.IPv6Address(host[1:-1])
        else:
            ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
