"""Which LDAP directories policies may use."""

from adapter.errors import PolicyError
from adapter.identity.outbound.host_rules import HostRules
from adapter.policy.ldap_directory import LdapDirectory

INSTALL = "pip install 'envoy-policy-adapter[ldap]'"


class DirectoryRules:
    """What the operator allows, and what this installation can do."""

    def __init__(self, hosts: HostRules, *, installed: bool) -> None:
        """`installed` says whether the extra `ldap` of this package is installed."""
        self._hosts = hosts
        self._installed = installed

    def objection(self, directory: LdapDirectory) -> str | None:
        """Why this directory must not be used; None if it may be."""
        if not self._installed:
            return f"this adapter is installed without LDAP; the operator can run: {INSTALL}"
        # Only here, because the library is an optional extra.
        from adapter.identity.ldap.search_filter import SearchFilter  # noqa: PLC0415

        host = directory.account.host
        objection = self._hosts.objection(host)
        try:
            SearchFilter(directory.search_filter)
        except PolicyError as e:
            return str(e) if objection is None else f"{e}; ldapServerURL: {host}: {objection}"
        return None if objection is None else f"ldapServerURL: {host}: {objection}"
