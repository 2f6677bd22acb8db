"""Where an LDAP policy looks users up."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from adapter.policy.concealed import Concealed
from adapter.policy.need import Need


class LdapAccount(NamedTuple):
    """An LDAP server, and the account with which users are searched there."""

    tls: bool
    """Whether the scheme is `ldaps`."""
    host: str
    port: int
    dn: str
    password: Concealed


@dataclass(frozen=True, slots=True)
class LdapDirectory(Need):
    """The part of an LDAP server's directory in which a policy's users are."""

    account: LdapAccount
    base: str
    search_filter: str
    """A filter (RFC 4515) in which `{0}` stands for the user's name."""
    in_subtree: bool
    """Whether users may be anywhere below the base, or only directly below it."""
    digest: bytes = field(init=False, repr=False, compare=False)
    """Stands for all of it in the key of a remembered answer."""

    def __post_init__(self) -> None:
        parts = (*self.account, self.base, self.search_filter, self.in_subtree)
        text = repr([str(part) for part in parts])
        object.__setattr__(self, "digest", sha256(text.encode()).digest())
