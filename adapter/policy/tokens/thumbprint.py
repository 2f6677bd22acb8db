"""The thumbprint of a key (RFC 7638): a name that everyone computes in the same way."""

import json
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from adapter.policy.tokens.base64url import encoded

_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "EC": ("crv", "kty", "x", "y"),
        "OKP": ("crv", "kty", "x"),
        "RSA": ("e", "kty", "n"),
    }
)
"""The members that count, in the order of their names (RFC 7638, 3.2; RFC 8037, 2)."""


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The SHA-256 thumbprint of a public JWK in base64url. Raises ValueError for other keys."""
    kind = jwk.get("kty")
    names = _REQUIRED.get(kind) if isinstance(kind, str) else None
    if names is None:
        raise ValueError("it is not a public key of a known type")
    members = {name: jwk.get(name) for name in names}
    if not all(isinstance(value, str) for value in members.values()):
        raise ValueError("the key lacks a member")
    text = json.dumps(members, separators=(",", ":"), ensure_ascii=False)
    return encoded(sha256(text.encode()).digest())
