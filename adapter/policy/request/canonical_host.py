"""Whether every program reads the same host in a request."""

import re
from ipaddress import IPv6Address
from typing import Final

from adapter.policy.verdicts import Deny, DenyReason

MAX_CHARS: Final = 261
"""A name of 253 characters with a dot at its end, and a port."""
_LABEL: Final = "[A-Za-z0-9_-]+"
_NUMBER: Final = "(?:[0-9]+|0[Xx][0-9A-Fa-f]*)"
_NAME: Final = rf"(?:{_LABEL}\.)*(?!{_NUMBER}(?::|\Z)){_LABEL}"
"""A name whose last label is no number. Many programs read `192.0.513` as an address."""
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4: Final = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_IPV6: Final = r"\[(?P<ipv6>[0-9A-Fa-f:]+)\]"
_CANONICAL: Final = re.compile(rf"(?:{_NAME}|{_IPV4}|{_IPV6})(?::[0-9]{{1,5}})?")

AMBIGUOUS_HOST: Final = Deny(
    DenyReason.AMBIGUOUS_HOST,
    400,
    "The host is ambiguous",
    detail="not a plain name or address with an optional port (docs/policies/paths.md)",
)
"""For requests whose host chooses the API, if the host can be read in several ways."""


def obstacle_in_host(authority: str) -> Deny | None:
    """Why no rule can depend on this authority; None if it has only one meaning.

    Envoy compares hosts as text. A service that reads `x@shop.test` or `shop.test..` as `shop.test`
    would serve that host under the policies of another API.
    """
    return None if is_canonical(authority) else AMBIGUOUS_HOST


def without_final_dot(authority: str) -> str:
    """The authority without one dot at the end of its name, which names the same host.

    (RFC 1034, 3.1: the dot says that the name is complete.)
    """
    name, colon, port = authority.partition(":")
    return f"{name.removesuffix('.')}{colon}{port}"


def is_canonical(authority: str) -> bool:
    """Whether an authority is a plain name or address, with or without a port.

    Letter case does not matter. An empty authority is clear: the client names no host (RFC 9110,
    7.2).
    """
    if not authority:
        return True
    if len(authority) > MAX_CHARS:
        return False
    match = _CANONICAL.fullmatch(authority)
    if match is None:
        return False
    ipv6 = match["ipv6"]
    return ipv6 is None or _is_shortest(ipv6)


def _is_shortest(ipv6: str) -> bool:
    """Whether it is the recommended text of that address (RFC 5952, 4), apart from letter case."""
    try:
        return IPv6Address(ipv6).compressed == ipv6.lower()
    except ValueError:
        return False
