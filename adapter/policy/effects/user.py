# mypyc: compiled
"""The effect that authenticates a user."""

from collections.abc import Callable
from typing import Any, Final

from mypy_extensions import mypyc_attr

from adapter.policy.concealed import Concealed
from adapter.policy.effects.effect import Effect, Outcome, Verdict
from adapter.policy.ldap_directory import LdapDirectory


@mypyc_attr(acyclic=True)
class Verification(Outcome):
    """The outcome of an authenticate effect: who the user is, or why nobody was recognised."""

    __slots__ = ("principal", "refusal")

    def __init__(self, principal: str, refusal: str = "") -> None:
        self.principal: Final = principal
        self.refusal: Final = refusal
        """For operators. Empty if the user was authenticated."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.principal, self.refusal


@mypyc_attr(acyclic=True)
class Authenticate(Effect):
    """Asks an LDAP server whether this user has this password."""

    __slots__ = ("directory", "password", "user_name")

    def __init__(
        self,
        directory: LdapDirectory,
        user_name: str,
        password: Concealed,
        settled: Callable[[Verification], Verdict],
    ) -> None:
        super().__init__(settled)
        self.directory: Final = directory
        self.user_name: Final = user_name
        self.password: Final = password
        """Never empty: many LDAP servers accept an empty one without checking the user (RFC 4513,
        5.1.2)."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.directory, self.user_name, self.password, self.settled

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "Authenticate":
        """See `Effect`."""
        return Authenticate(self.directory, self.user_name, self.password, settled)
