"""Keys in JSON: one JWK, or a set of them (RFC 7517, RFC 7518 section 6, RFC 8037 section 2)."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from adapter.policy.tokens.algorithms import CURVES, Material
from adapter.policy.tokens.base64url import decoded
from adapter.policy.tokens.keys import KeySet, VerificationKey, algorithms_of
from adapter.policy.tokens.strict_json import strict_object

MAX_KEYS: Final = 100
PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
"""Members of private keys (RFC 7518, 6.2.2 and 6.3.2)."""
_MAX_ID_CHARS: Final = 256
_CURVES: Final[Mapping[str, EllipticCurve]] = MappingProxyType(
    {"P-256": SECP256R1(), "P-384": SECP384R1(), "P-521": SECP521R1()}
)


class KeySetDocument(NamedTuple):
    """What a JWK set says: its usable keys, and what is wrong with each of the others."""

    keys: KeySet
    faults: tuple[str, ...]
    entries: frozenset[str]
    """All keys as text, usable or not: equal if the set says the same, in whatever order."""


def read_key_set(octets: bytes) -> KeySetDocument:
    """Read a JWK set (RFC 7517, section 5). Raises ValueError if it has no usable key.

    Unusable keys are left out: a set may contain keys for other purposes or of newer types.
    """
    document = strict_object(octets)
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise ValueError("it is not a JWK set: it has no array 'keys'")  # noqa: TRY004 - see there
    keys, faults = [], []
    is_public = any(_is_of(entry, "RSA", "EC", "OKP") for entry in entries)
    for number, entry in enumerate(entries[:MAX_KEYS], 1):
        try:
            keys.append(_key_in_set(entry, is_public=is_public))
        except ValueError as e:
            faults.append(f"key {number}: {e}")
    if len(entries) > MAX_KEYS:
        faults.append(f"only the first {MAX_KEYS} of its {len(entries):,} keys are used")
    if not keys:
        raise ValueError(f"it has no usable key: {'; '.join(faults[:5]) or 'it is empty'}")
    texts = frozenset(json.dumps(entry, sort_keys=True, default=str) for entry in entries)
    return KeySetDocument(KeySet(keys), tuple(faults), texts)


def _key_in_set(entry: object, *, is_public: bool) -> VerificationKey:
    """Read a key of a set that has public keys, or has none."""
    if is_public and _is_of(entry, "oct"):
        raise ValueError("it is a secret among public keys, so others can read it")
    return read_key(entry)


def _is_of(entry: object, *types: str) -> bool:
    return isinstance(entry, dict) and entry.get("kty") in types


def read_key(entry: object) -> VerificationKey:
    """Read one JWK that can verify signatures. Raises ValueError with what is wrong."""
    if not isinstance(entry, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - the caller catches one class
    _check_purpose(entry)
    key_id = entry.get("kid")
    if key_id is not None and not (isinstance(key_id, str) and len(key_id) <= _MAX_ID_CHARS):
        raise ValueError("kid must be a text of at most 256 characters")
    material = _material(entry)
    return VerificationKey(material, _algorithms(entry, material), key_id)


def _algorithms(entry: Mapping[str, Any], material: Material) -> frozenset[str]:
    """The algorithms that the key fits, or the one that `alg` names (RFC 7517, section 4.4)."""
    fitting = algorithms_of(material)
    only = entry.get("alg")
    if only is None:
        return fitting
    if not isinstance(only, str) or only not in fitting:
        raise ValueError("alg does not fit the key, or is not supported")
    # A key of EdDSA has two names for one algorithm (RFC 9864).
    return fitting if "EdDSA" in fitting else frozenset({only})


def _check_purpose(entry: Mapping[str, Any]) -> None:
    """Respect what the key may be used for (RFC 7517, sections 4.2 and 4.3)."""
    if entry.get("use", "sig") != "sig":
        raise ValueError("use is not 'sig'")
    operations = entry.get("key_ops")
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        raise ValueError("key_ops does not contain 'verify'")
    if not PRIVATE_MEMBERS.isdisjoint(entry):
        raise ValueError("it is a private key; a private key that others can read is worthless")


def _material(entry: Mapping[str, Any]) -> Material:
    kind = entry.get("kty")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise ValueError("kty is missing or not supported")
    try:
        return reader(entry)
    except UnsupportedAlgorithm:
        raise ValueError("this key is not supported") from None


def _octets(entry: Mapping[str, Any], name: str) -> bytes:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is missing, or not a text")
    try:
        return decoded(value)
    except ValueError as e:
        raise ValueError(f"{name}: {e}") from None


def _rsa(entry: Mapping[str, Any]) -> Material:
    n, e = (int.from_bytes(_octets(entry, name)) for name in ("n", "e"))
    return RSAPublicNumbers(e, n).public_key()


def _ec(entry: Mapping[str, Any]) -> Material:
    name = entry.get("crv")
    curve = _CURVES.get(name) if isinstance(name, str) else None
    if curve is None:
        raise ValueError("crv is missing or not supported")
    x, y = _octets(entry, "x"), _octets(entry, "y")
    if not len(x) == len(y) == CURVES[curve.name].coordinate_octets:
        raise ValueError("x and y do not have the length of the curve (RFC 7518, 6.2.1.2)")
    # This checks that the point is on the curve.
    return EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve).public_key()


def _okp(entry: Mapping[str, Any]) -> Material:
    curve, x = entry.get("crv"), _octets(entry, "x")
    if curve == "Ed25519":
        return Ed25519PublicKey.from_public_bytes(x)
    if curve == "Ed448":
        return Ed448PublicKey.from_public_bytes(x)
    raise ValueError("crv is missing or not supported")


def _oct(entry: Mapping[str, Any]) -> Material:
    return _octets(entry, "k")


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Material]]] = MappingProxyType(
    {"RSA": _rsa, "EC": _ec, "OKP": _okp, "oct": _oct}
)
