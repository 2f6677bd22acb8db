"""Envoy's native filters that decide in its own process, for comparison.

No external server can be cheaper than these. They accept the applications of the usual catalog:
`api_key_auth` by their client ids, `jwt_authn` by one RS256 token.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.catalog import USUAL, client_id

_TYPES: Final = "type.googleapis.com/envoy.extensions.filters.http"
_PLENTY: Final = 1_000_000_000
_ISSUER: Final = "https://issuer.example.com"


class _SignedToken(NamedTuple):
    token: str
    key_set: str
    """The JWKS (RFC 7517) with the key that verifies the token."""


def native_filters(names: Sequence[str]) -> list[Mapping[str, Any]]:
    """The HTTP filters with these names, in this order."""
    return [
        {"name": f"envoy.filters.http.{name}", "typed_config": FILTERS[name]()} for name in names
    ]


def native_headers(names: Sequence[str]) -> dict[str, str]:
    """The additional headers that these filters require from clients."""
    return {"authorization": f"Bearer {_signed().token}"} if "jwt_authn" in names else {}


def _api_key_auth() -> dict[str, Any]:
    keys = map(client_id, range(USUAL.contracts))
    return {
        "@type": f"{_TYPES}.api_key_auth.v3.ApiKeyAuth",
        "credentials": [{"key": key, "client": f"application-{key}"} for key in keys],
        "key_sources": [{"header": "client_id"}],
    }


def _local_ratelimit() -> dict[str, Any]:
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "@type": f"{_TYPES}.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "limit",
        "token_bucket": {
            "max_tokens": _PLENTY,
            "tokens_per_fill": _PLENTY,
            "fill_interval": "60s",
        },
        "filter_enabled": {"runtime_key": "limit_enabled", **always},
        "filter_enforced": {"runtime_key": "limit_enforced", **always},
    }


def _jwt_authn() -> dict[str, Any]:
    provider = {"issuer": _ISSUER, "local_jwks": {"inline_string": _signed().key_set}}
    return {
        "@type": f"{_TYPES}.jwt_authn.v3.JwtAuthentication",
        "providers": {"issuer": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "issuer"}}],
    }


FILTERS: Final[Mapping[str, Callable[[], dict[str, Any]]]] = MappingProxyType(
    {
        "api_key_auth": _api_key_auth,
        "jwt_authn": _jwt_authn,
        "local_ratelimit": _local_ratelimit,
    }
)
"""Functions that create each filter's configuration, by its name."""


@cache
def _signed() -> _SignedToken:
    """An RS256 token that is valid for an hour (RFC 7519), and its key set."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    claims = {"iss": _ISSUER, "sub": client_id(0), "exp": int(time.time()) + 3600}
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "RS256"}, claims))
    signature = _encoded(key.sign(signed.encode(), PKCS1v15(), SHA256()))
    return _SignedToken(f"{signed}.{signature}", _key_set(key))


def _key_set(key: RSAPrivateKey) -> str:
    numbers = key.public_key().public_numbers()
    public = {"kty": "RSA", "alg": "RS256", "n": _number(numbers.n), "e": _number(numbers.e)}
    return json.dumps({"keys": [public]})


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8))


def _encoded(octets: bytes) -> str:
    """Base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
