"""Keys that tokens are verified with."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from adapter.policy.tokens.algorithms import CURVES, SECRET_OCTETS, VERIFY, Material
from adapter.policy.tokens.roca import has_roca_flaw

MAX_TRIED: Final = 10
"""Keys that one token is tried with: clients choose whether it names a key, and tries take time."""
_FEWER_TRIED: Final = {"ES384": 3, "ES512": 3, "EdDSA": 6, "Ed448": 6}
"""For slow algorithms, so that all tries together take less than a millisecond."""

_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_LEAST_RSA_BITS: Final = 2_048
_MOST_RSA_BITS: Final = 8_192
_MOST_RSA_EXPONENT: Final = 2**32
"""Larger keys, and larger exponents, would make verifying slow."""


class VerificationKey:
    """A key, and the algorithms that it may be used with."""

    __slots__ = ("_material", "algorithms", "key_id")

    def __init__(
        self, material: Material, algorithms: frozenset[str], key_id: str | None = None
    ) -> None:
        self._material: Final = material
        self.algorithms: Final = algorithms
        self.key_id: Final = key_id

    def verifies(self, algorithm: str, signature: bytes, message: bytes) -> bool:
        """Whether the signature is by this key; False if the algorithm does not fit the key."""
        if algorithm not in self.algorithms:
            return False
        return VERIFY[algorithm](self._material, signature, message)

    def without_id(self) -> "VerificationKey":
        """The same key, for a place where there is no other, so that tokens need not name it."""
        return VerificationKey(self._material, self.algorithms)


class KeySet:
    """Some keys. It has the identity of an object: two sets are never equal."""

    __slots__ = ("keys",)

    def __init__(self, keys: Iterable[VerificationKey]) -> None:
        self.keys: Final = tuple(keys)

    def knows(self, key_id: str | None) -> bool:
        """Whether it has a key with that id."""
        return key_id is not None and any(key.key_id == key_id for key in self.keys)

    def fitting(self, algorithm: str, key_id: str | None) -> tuple[VerificationKey, ...]:
        """The keys to try, at most `MAX_TRIED`, and fewer for slow algorithms.

        If the token names a key, these are the keys with that id, of which there may be several,
        and the keys without an id.
        """
        fitting = (
            key
            for key in self.keys
            if algorithm in key.algorithms and (not key_id or key.key_id in {key_id, None})
        )
        named_first = sorted(fitting, key=lambda key: key.key_id is None) if key_id else fitting
        return tuple(islice(named_first, _FEWER_TRIED.get(algorithm, MAX_TRIED)))


def algorithms_of(material: object) -> frozenset[str]:
    """The algorithms that a key fits by its type, curve and size. Raises ValueError if none."""
    if isinstance(material, bytes):
        found = frozenset(name for name, octets in SECRET_OCTETS.items() if len(material) >= octets)
        if not found:
            raise ValueError("the secret is shorter than 32 octets (RFC 7518, section 3.2)")
        return found
    if isinstance(material, RSAPublicKey):
        return _algorithms_of_rsa(material)
    if isinstance(material, EllipticCurvePublicKey) and material.curve.name in CURVES:
        return frozenset({CURVES[material.curve.name].algorithm})
    if isinstance(material, Ed25519PublicKey):
        return frozenset({"EdDSA", "Ed25519"})
    if isinstance(material, Ed448PublicKey):
        return frozenset({"EdDSA", "Ed448"})
    raise ValueError("this type of key or curve is not supported")


def _algorithms_of_rsa(key: RSAPublicKey) -> frozenset[str]:
    if not _LEAST_RSA_BITS <= key.key_size <= _MOST_RSA_BITS:
        raise ValueError(
            f"an RSA key must have {_LEAST_RSA_BITS:,} to {_MOST_RSA_BITS:,} bits, not "
            f"{key.key_size:,} (RFC 7518, section 3.3)"
        )
    numbers = key.public_numbers()
    if numbers.e >= _MOST_RSA_EXPONENT:
        raise ValueError("the exponent of an RSA key must be less than 2^32")
    if has_roca_flaw(numbers.n):
        raise ValueError("this RSA key can be factored (CVE-2017-15361)")
    return _RSA
