"""What a policy trusts: the keys, or where they are, and the algorithms."""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from adapter.policy.need import Need
from adapter.policy.tokens.keys import KeySet


@dataclass(frozen=True, slots=True)
class JwksSource(Need):
    """Where a policy finds its keys, and how often to fetch them."""

    urls: tuple[str, ...]
    """Each has a JWK set. The keys of all of them count."""
    ttl_s: float
    """How long a set may be used before it is fetched again. An old one is used if that fails."""
    timeout_s: float
    """How long one fetch may take."""


ClaimCheck: TypeAlias = Callable[[Mapping[str, Any]], str | None]
"""Why these claims are not accepted, for operators; None if they are."""


class TokenTrust:
    """What makes a token authentic and acceptable. Made once for each rule; equal only to itself.

    `checks` are about the claims alone, so their result holds as long as the token is remembered.
    """

    __slots__ = ("_checks", "algorithms", "keys")

    def __init__(
        self, keys: KeySet | JwksSource, algorithms: Set[str], checks: Iterable[ClaimCheck] = ()
    ) -> None:
        self.keys: Final = keys
        self.algorithms: Final = frozenset(algorithms)
        self._checks: Final = tuple(checks)

    def objection(self, claims: Mapping[str, Any]) -> str | None:
        """Why the claims of an authentic token are not accepted; None if they are."""
        found = (check(claims) for check in self._checks)
        return next((objection for objection in found if objection is not None), None)
