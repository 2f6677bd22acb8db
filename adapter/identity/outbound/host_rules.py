"""Which hosts of identity providers may be called, as far as a policy's text tells."""

from collections.abc import Collection

from adapter.identity.outbound.address_guard import AddressGuard
from adapter.policy.outbound_hosts import address_of


class HostRules:
    """What the operator says about hosts.

    `allowed_hosts`: only these names, or None for any. A name that begins with `*.` allows every
    subdomain. An address in place of a name is checked like a resolved one, and so is `localhost`:
    a proxy would resolve these to addresses that nobody checks.
    """

    def __init__(self, guard: AddressGuard, allowed_hosts: Collection[str] | None = None) -> None:
        self._guard = guard
        self._hosts = None if allowed_hosts is None else {host.lower() for host in allowed_hosts}

    def objection(self, host: str) -> str | None:
        """Why this host must not be called; None if it may be."""
        host = host.lower()
        if self._hosts is not None and not _is_among(host, self._hosts):
            return "the host is not in identity.allowed_hosts"
        try:
            address = address_of(host)
        except ValueError as e:
            return str(e)
        objection = None if address is None else self._guard.objection(address)
        return None if objection is None else f"the address is {objection}"


def _is_among(host: str, hosts: set[str]) -> bool:
    parents = (f"*.{host[at + 1 :]}" for at, char in enumerate(host) if char == ".")
    return host in hosts or any(parent in hosts for parent in parents)
