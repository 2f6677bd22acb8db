"""The issuers whose tokens are measured. Their keys are known, so every process has the same."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from adapter.policy.tokens.base64url import decoded
from support.token_issuer import PrivateKey, TokenIssuer, compact, public_pem

# The prime factors of the key in RFC 7515, appendix A.2.
_P: Final = (
    "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_"
    "Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc"
)
_Q: Final = (
    "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7Tje"
    "LQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc"
)
_E: Final = 65_537
_FAR_AWAY: Final = 4_000_000_000
"""When the tokens expire."""
METHODS: Final[Mapping[str, str]] = {"RS256": "rsa", "ES256": "es"}


@cache
def issuer(algorithm: str) -> TokenIssuer:
    """The issuer that signs with RS256 or ES256."""
    key = _rsa_key() if algorithm == "RS256" else ec.derive_private_key(4_711, ec.SECP256R1())
    return TokenIssuer(algorithm, key=key)


def configuration(algorithm: str) -> Mapping[str, Any]:
    """A jwt-validation policy that trusts this issuer, with the usual checks."""
    return {
        "signingMethod": METHODS[algorithm],
        "textKey": public_pem(issuer(algorithm).key),
        "validateAudClaim": True,
        "supportedAudiences": "https://orders.example.com",
        "mandatoryExpClaim": True,
    }


def forged(algorithm: str, key_id: str, number: int) -> str:
    """The `authorization` header with a token that nobody signed; it names that key."""
    header = json.dumps({"alg": algorithm, "typ": "JWT", "kid": key_id}).encode()
    claims = json.dumps({"sub": f"{number:x}", "exp": _FAR_AWAY}).encode()
    signature = (number % (1 << 62)).to_bytes(256 if algorithm == "RS256" else 64)
    return f"Bearer {compact(header, claims, lambda _: signature)}"


@cache
def bearer(algorithm: str, client: str) -> str:
    """The `authorization` header of a client application. Each has one token."""
    claims = {
        "iss": "https://login.example.com/",
        "sub": f"service-account-{client}",
        "aud": "https://orders.example.com",
        "client_id": client,
        "scope": "orders:read orders:write",
        "iat": _FAR_AWAY - 3_600,
        "exp": _FAR_AWAY,
    }
    return f"Bearer {issuer(algorithm).token(claims)}"


def _rsa_key() -> PrivateKey:
    p, q = (int.from_bytes(decoded(factor)) for factor in (_P, _Q))
    d = pow(_E, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        *(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)),
        rsa.RSAPublicNumbers(_E, p * q),
    )
    return numbers.private_key()
