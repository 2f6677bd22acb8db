"""The most expensive tokens that clients can send, for policies that verify tokens here.

The attacker has no secret of the issuer. Only the client that sends the proof has a good token.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed448

from adapter.policy.catalog import AppliedPolicy
from adapter.policy.tokens.base64url import encoded
from adapter.policy.tokens.dpop import digest_of
from adapter.policy.tokens.jws import MAX_CHARS
from adapter.policy.tokens.thumbprint import thumbprint
from benchmarks.catalog import policies_of
from benchmarks.hostile_checks import SIZE, HostileCheck
from benchmarks.tokens import issuer
from support.token_issuer import PrivateKey, TokenIssuer, compact, public_jwk

_SECRET: Final = "s" * 64


def _policies(**configuration: Any) -> tuple[AppliedPolicy, ...]:
    return policies_of((("jwt-validation", {"skipClientIdValidation": True, **configuration}),))


def _ten_keys(method: str, bits: int, *keys: PrivateKey) -> tuple[AppliedPolicy, ...]:
    """A policy with ten keys that a token without a key id can be for."""
    ten = (keys * 10)[:10]
    key_set = json.dumps({"keys": [public_jwk(key) for key in ten]})
    return _policies(signingMethod=method, signingKeyLength=bits, textKey=key_set)


def _token(header: Mapping[str, Any], payload: bytes = b"{}", octets: int = 256) -> str:
    """A token that nobody signed."""
    return compact(json.dumps(header).encode(), payload, lambda _: b"\x01" * octets)


def _bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def _forged(algorithm: str, key: PrivateKey) -> tuple[tuple[str, str], ...]:
    """A token without a key id. Its signature is well-formed, but by another key."""
    return _bearer(TokenIssuer(algorithm, None, key).token({}))


def _with_largest_key() -> tuple[tuple[str, str], ...]:
    """A DPoP proof whose key takes longest to verify with."""
    jwk = {"kty": "RSA", "n": encoded(b"\xff" * 1_023 + b"\xfd"), "e": encoded(b"\xff" * 4)}
    token = TokenIssuer("HS512", key=_SECRET.encode()).token({"cnf": {"jkt": thumbprint(jwk)}})
    proof = _token(
        {"typ": "dpop+jwt", "alg": "PS512", "jwk": jwk},
        json.dumps({"ath": digest_of(token)}).encode(),
        1_024,
    )
    return (("authorization", f"DPoP {token}"), ("dpop", proof))


_RSA: Final = _ten_keys("rsa", 256, issuer("RS256").key)
_PAYLOAD: Final = MAX_CHARS * 3 // 4 - 1_000
_DEEP: Final = b'{"a":' + b"[" * (_PAYLOAD // 2) + b"]" * (_PAYLOAD // 2) + b"}"

HOSTILE_TOKENS: Final = (
    HostileCheck("a token longer than is read", _RSA, headers=_bearer("a" * SIZE)),
    HostileCheck("a token of dots", _RSA, headers=_bearer("." * MAX_CHARS)),
    HostileCheck(
        "the longest token, ten RSA keys",
        _RSA,
        headers=_bearer(_token({"alg": "RS256"}, b"x" * _PAYLOAD)),
    ),
    HostileCheck(
        "a token whose header is deep JSON",
        _RSA,
        headers=_bearer(f"{encoded(_DEEP)}.e30.AAAA"),
    ),
    HostileCheck(
        "a forged token, ten ES256 keys",
        _ten_keys("es", 256, ec.derive_private_key(4_711, ec.SECP256R1())),
        headers=_forged("ES256", ec.derive_private_key(4_712, ec.SECP256R1())),
    ),
    HostileCheck(
        "a forged token, ten ES512 keys",
        _ten_keys("es", 512, ec.derive_private_key(4_711, ec.SECP521R1())),
        headers=_forged("ES512", ec.derive_private_key(4_712, ec.SECP521R1())),
    ),
    HostileCheck(
        "a forged token, ten Ed448 keys",
        _ten_keys("eddsa", 256, ed448.Ed448PrivateKey.from_private_bytes(b"\x01" * 57)),
        headers=_forged("EdDSA", ed448.Ed448PrivateKey.from_private_bytes(b"\x02" * 57)),
    ),
    HostileCheck(
        "a DPoP proof with the largest key",
        _policies(
            signingMethod="hmac", signingKeyLength=512, textKey=_SECRET, senderConstraint="dpop"
        ),
        headers=_with_largest_key(),
    ),
)
"""The worst known Check of each kind."""
