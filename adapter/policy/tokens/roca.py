"""RSA keys that can be factored: those of chips with the ROCA flaw (CVE-2017-15361).

Such a chip chose its prime numbers from a small set. Nemec et al., "The Return of Coppersmith's
Attack" (2017), section 4: modulo each small prime, such a modulus is a power of 65,537. Of other
moduli, about one in a hundred million is, too.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_GENERATOR: Final = 65_537
_SMALL_PRIMES: Final = (
    *(3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89),
    *(97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167),
)
_POWERS: Final[Mapping[int, frozenset[int]]] = MappingProxyType(
    {p: frozenset(pow(_GENERATOR, k, p) for k in range(p - 1)) for p in _SMALL_PRIMES}
)


def has_roca_flaw(modulus: int) -> bool:
    """Whether the modulus looks like one of these chips."""
    return all(modulus % prime in powers for prime, powers in _POWERS.items())
