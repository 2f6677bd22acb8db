"""Which IP addresses calls to identity providers may reach."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Final

from adapter.policy.outbound_hosts import Address, Network, ipv4_in, never_called

_INNER: Final[tuple[Network, ...]] = tuple(
    ip_network(network)
    for network in ("64:ff9b:1::/48", "fec0::/10", "3fff::/20", "5f00::/16", "192.88.99.0/24")
)
"""Not for the internet (RFC 8215, 3879, 9637, 9602, 7526). Some versions of Python do not know."""


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
        never = never_called(address)
        if never is not None:
            return never
        objections = (self._objection(form) for form in (address, *ipv4_in(address)))
        return next((why for why in objections if why is not None), None)

    def _objection(self, address: Address) -> str | None:
        is_outside = address.is_global or bool(ipv4_in(address))
        if is_outside and not any(address in network for network in _INNER):
            return None
        if any(address in network for network in self._allowed):
            return None
        return "inside this network; identity.allow_networks does not contain it"
