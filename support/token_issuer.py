"""An issuer of signed tokens (JWT) for tests, benchmarks and the demo."""

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapter.policy.tokens.base64url import encoded

PrivateKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | bytes
)

_HASHES: Final[dict[str, type[SHA256 | SHA384 | SHA512]]] = {
    "256": SHA256,
    "384": SHA384,
    "512": SHA512,
}
_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
}


def new_key(algorithm: str) -> PrivateKey:
    """A new private key, or a secret, that fits the algorithm."""
    if algorithm.startswith(("RS", "PS")):
        return rsa.generate_private_key(65_537, 2_048)
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm])
    if algorithm == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    if algorithm.startswith("Ed"):
        return ed25519.Ed25519PrivateKey.generate()
    return bytes(range(1, 65))


def sign(algorithm: str, key: PrivateKey, message: bytes) -> bytes:
    """The signature of the message."""
    digest = _HASHES.get(algorithm[2:], SHA512)()
    if isinstance(key, bytes):
        return hmac.digest(key, message, f"sha{algorithm[2:]}")
    if isinstance(key, rsa.RSAPrivateKey):
        if algorithm.startswith("PS"):
            pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
            return key.sign(message, pss, digest)
        return key.sign(message, padding.PKCS1v15(), digest)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        octets = (key.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
        return r.to_bytes(octets) + s.to_bytes(octets)
    return key.sign(message)


def public_jwk(key: PrivateKey) -> dict[str, Any]:
    """The public key as a JWK, without id, use and algorithm."""
    if isinstance(key, bytes):
        return {"kty": "oct", "k": encoded(key)}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        n, e = (encoded(i.to_bytes((i.bit_length() + 7) // 8)) for i in (numbers.n, numbers.e))
        return {"kty": "RSA", "n": n, "e": e}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        octets = (key.key_size + 7) // 8
        point = key.public_key().public_numbers()
        x, y = (encoded(number.to_bytes(octets)) for number in (point.x, point.y))
        return {"kty": "EC", "crv": f"P-{key.key_size}", "x": x, "y": y}
    name = "Ed448" if isinstance(key, ed448.Ed448PrivateKey) else "Ed25519"
    return {"kty": "OKP", "crv": name, "x": encoded(key.public_key().public_bytes_raw())}


def public_pem(key: PrivateKey) -> str:
    """The public key in PEM."""
    if isinstance(key, bytes):
        raise TypeError("a secret has no public key")
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def compact(header: bytes, payload: bytes, signed: Callable[[bytes], bytes]) -> str:
    """A token in compact form with any header and payload."""
    message = f"{encoded(header)}.{encoded(payload)}"
    return f"{message}.{encoded(signed(message.encode()))}"


class TokenIssuer:
    """Signs tokens with one key, whose id is `key_id`."""

    def __init__(
        self, algorithm: str = "RS256", key_id: str | None = "k1", key: PrivateKey | None = None
    ) -> None:
        self.algorithm = algorithm
        self.key_id = key_id
        self.key = key if key is not None else new_key(algorithm)

    def token(
        self, claims: Mapping[str, Any] | bytes, header: Mapping[str, Any] | None = None
    ) -> str:
        """A token with these claims. `header` replaces members of the header; None removes one."""
        named = {"alg": self.algorithm, "typ": "JWT", "kid": self.key_id} | dict(header or {})
        kept = {name: value for name, value in named.items() if value is not None}
        payload = claims if isinstance(claims, bytes) else json.dumps(dict(claims)).encode()
        return compact(json.dumps(kept).encode(), payload, self.signature)

    def signature(self, message: bytes) -> bytes:
        """The signature of any message."""
        return sign(self.algorithm, self.key, message)

    @property
    def jwk(self) -> dict[str, Any]:
        """The key to verify its tokens with."""
        named = {} if self.key_id is None else {"kid": self.key_id}
        return public_jwk(self.key) | named | {"use": "sig"}


def key_set(*keys: Mapping[str, Any]) -> bytes:
    """A JWK set (RFC 7517, section 5)."""
    return json.dumps({"keys": [dict(key) for key in keys]}).encode()
