"""What a policy trusts: the keys, or where they are, and the algorithms."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Final

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


class TokenTrust:
    """What makes a token authentic. Made once for each rule; equal only to itself."""

    __slots__ = ("algorithms", "keys")

    def __init__(self, keys: KeySet | JwksSource, algorithms: Set[str]) -> None:
        self.keys: Final = keys
        self.algorithms: Final = frozenset(algorithms)
