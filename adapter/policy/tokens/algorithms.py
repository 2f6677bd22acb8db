"""The signature algorithms (RFC 7518, section 3; RFC 8037; RFC 9864), and how each is verified."""

import hmac
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

Secret: TypeAlias = bytes
Material: TypeAlias = (
    RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey | Secret
)
"""What a signature is verified with."""

Verify: TypeAlias = Callable[[Any, bytes, bytes], bool]
"""Whether the signature belongs to the message: called with material, signature and message."""

SECRET_OCTETS: Final[Mapping[str, int]] = MappingProxyType({"HS256": 32, "HS384": 48, "HS512": 64})
"""The fewest octets of a secret: as many as the hash has (RFC 7518, section 3.2)."""


class Curve(NamedTuple):
    """An elliptic curve with the algorithm that uses it (RFC 7518, section 3.4)."""

    algorithm: str
    coordinate_octets: int


CURVES: Final[Mapping[str, Curve]] = MappingProxyType(
    {
        "secp256r1": Curve("ES256", 32),
        "secp384r1": Curve("ES384", 48),
        "secp521r1": Curve("ES512", 66),
    }
)
"""By the name that the `cryptography` library uses."""


def _rsa(padding: Any, digest: HashAlgorithm) -> Verify:
    def verify(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
        try:
            key.verify(signature, message, padding, digest)
        except InvalidSignature:
            return False
        return True

    return verify


def _pss(digest: HashAlgorithm) -> Verify:
    return _rsa(PSS(MGF1(digest), digest.digest_size), digest)


def _ecdsa(octets: int, digest: HashAlgorithm) -> Verify:
    """Signatures are two numbers of fixed length (RFC 7518, section 3.4)."""

    def verify(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
        if len(signature) != 2 * octets:
            return False
        r, s = (int.from_bytes(part) for part in (signature[:octets], signature[octets:]))
        try:
            key.verify(encode_dss_signature(r, s), message, ECDSA(digest))
        except InvalidSignature:
            return False
        return True

    return verify


def _eddsa(key: Ed25519PublicKey | Ed448PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _hmac(digest: str) -> Verify:
    def verify(secret: Secret, signature: bytes, message: bytes) -> bool:
        return hmac.compare_digest(hmac.digest(secret, message, digest), signature)

    return verify


VERIFY: Final[Mapping[str, Verify]] = MappingProxyType(
    {
        "RS256": _rsa(PKCS1v15(), SHA256()),
        "RS384": _rsa(PKCS1v15(), SHA384()),
        "RS512": _rsa(PKCS1v15(), SHA512()),
        "PS256": _pss(SHA256()),
        "PS384": _pss(SHA384()),
        "PS512": _pss(SHA512()),
        "ES256": _ecdsa(32, SHA256()),
        "ES384": _ecdsa(48, SHA384()),
        "ES512": _ecdsa(66, SHA512()),
        "HS256": _hmac("sha256"),
        "HS384": _hmac("sha384"),
        "HS512": _hmac("sha512"),
        "EdDSA": _eddsa,
        "Ed25519": _eddsa,
        "Ed448": _eddsa,
    }
)
"""How to verify a signature, by the name of its algorithm. `none` is not among them."""
