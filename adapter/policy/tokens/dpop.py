"""DPoP proofs (RFC 9449): a client shows that it has the key that its token is bound to."""

from collections.abc import Mapping, Set
from hashlib import sha256
from typing import Any, Final, NamedTuple

from adapter.policy.tokens.base64url import encoded
from adapter.policy.tokens.claims import numeric_date
from adapter.policy.tokens.faults import TokenFault
from adapter.policy.tokens.jwk import PRIVATE_MEMBERS, read_key
from adapter.policy.tokens.jws import SignedToken, read_signed
from adapter.policy.tokens.request_url import normal_url
from adapter.policy.tokens.strict_json import strict_object
from adapter.policy.tokens.thumbprint import thumbprint

ALGORITHMS: Final = frozenset(
    {
        *("ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("EdDSA", "Ed25519", "Ed448"),
    }
)
"""The algorithms that a proof may have. They are asymmetric (RFC 9449, 4.2)."""
MAX_CHARS: Final = 8_192
"""Characters of a proof. The largest RSA key and signature take about 3,000."""
MAX_ID_CHARS: Final = 1_024

_TYPE: Final = "dpop+jwt"
_SECRET: Final = PRIVATE_MEMBERS | {"k"}
"""Members of private and secret keys (RFC 7518, 6.2.2, 6.3.2 and 6.4.1)."""


class DpopProof(NamedTuple):
    """A proof whose signature is by the key in it. What it says is not checked yet."""

    thumbprint: str
    """Of the key."""
    token_id: str
    """`jti`: the client never uses it again."""
    issued_at: float
    """In seconds since the epoch."""
    method: str
    url: str | None
    """In its normal form; None if it is no HTTP URL."""
    token_digest: str
    """`ath`."""

    def objection(self, method: str, url: str, token: str) -> str | None:
        """Why the proof is not for this request with this token; None if it is (RFC 9449, 4.3)."""
        if self.method != method:
            return "htm is another method"
        if self.url is None or self.url != normal_url(url):
            return "htu is another URL"
        if self.token_digest != digest_of(token):
            return "ath is not the digest of the token"
        return None


def digest_of(token: str) -> str:
    """What `ath` has to be for that token (RFC 9449, 4.2)."""
    return encoded(sha256(token.encode()).digest())


def read_proof(proof: str, algorithms: Set[str]) -> DpopProof:
    """Read the `dpop` header, and verify the signature. Raises TokenFault.

    The key is in the proof. The caller compares its thumbprint with the one in the token.
    """
    if "," in proof:
        raise TokenFault("there are several dpop headers")
    if len(proof) > MAX_CHARS:
        raise TokenFault(f"it is longer than {MAX_CHARS:,} characters")
    signed = read_signed(proof, algorithms & ALGORITHMS)
    if signed.header.get("typ") != _TYPE:
        raise TokenFault(f"its typ is not {_TYPE}")
    name = _verified_key(signed)
    try:
        claims = strict_object(signed.payload)
    except ValueError as e:
        raise TokenFault(f"its claims are not valid JSON: {e}") from None
    issued_at = numeric_date(claims, "iat")
    if issued_at is None:
        raise TokenFault("iat is missing")
    return DpopProof(
        name,
        _text(claims, "jti", MAX_ID_CHARS),
        issued_at,
        _text(claims, "htm", MAX_CHARS),
        normal_url(_text(claims, "htu", MAX_CHARS)),
        _text(claims, "ath", MAX_CHARS),
    )


def _verified_key(signed: SignedToken) -> str:
    """The thumbprint of the key in the header, which signed the proof."""
    jwk = signed.header.get("jwk")
    if not isinstance(jwk, dict):
        raise TokenFault("its header has no jwk")
    if not _SECRET.isdisjoint(jwk):
        raise TokenFault("its jwk is a private key, which nobody else may have")
    try:
        key, name = read_key(jwk), thumbprint(jwk)
    except ValueError as e:
        raise TokenFault(f"its jwk cannot be used: {e}") from None
    if not key.verifies(signed.algorithm, signed.signature, signed.message):
        raise TokenFault("its signature is not by the key in its jwk")
    return name


def _text(claims: Mapping[str, Any], name: str, max_chars: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= max_chars:
        raise TokenFault(f"{name} is missing, or is not a text of at most {max_chars:,} characters")
    return value
