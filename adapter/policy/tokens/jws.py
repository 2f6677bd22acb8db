"""Signed tokens in compact form (RFC 7515, section 7.1): reading them, and verifying who signed.

The rules are stricter than the RFC where clients gain nothing from its freedom (RFC 8725).
"""

from collections.abc import Mapping, Set
from typing import Any, Final, NamedTuple

from adapter.policy.tokens.base64url import decoded
from adapter.policy.tokens.faults import TokenFault, UnknownKeyFault
from adapter.policy.tokens.keys import KeySet
from adapter.policy.tokens.strict_json import strict_object

MAX_CHARS: Final = 16_384
"""Characters of a token. Reading a longer one would delay other Checks."""

_MAX_ID_CHARS: Final = 256
_PARTS: Final = 3
_PARTS_ENCRYPTED: Final = 5
_OTHER_PURPOSES: Final = frozenset({"dpop+jwt", "logout+jwt", "secevent+jwt"})
"""Types of tokens that are signed for something other than access (RFC 8725, section 3.12)."""


class SignedToken(NamedTuple):
    """A token whose form is valid. Nobody has verified its signature yet."""

    algorithm: str
    key_id: str | None
    header: Mapping[str, Any]
    message: bytes
    """What was signed."""
    payload: bytes
    signature: bytes


def read_token(token: str, algorithms: Set[str]) -> SignedToken:
    """Read a token for access in compact form. Raises TokenFault, also for another algorithm."""
    signed = read_signed(token, algorithms)
    if str(signed.header.get("typ", "")).lower().removeprefix("application/") in _OTHER_PURPOSES:
        raise TokenFault("its typ says that it is not for access")
    return signed


def read_signed(token: str, algorithms: Set[str]) -> SignedToken:
    """Read a token for any purpose, as `read_token` does."""
    if len(token) > MAX_CHARS:
        raise TokenFault(f"the token is longer than {MAX_CHARS:,} characters")
    parts = token.split(".")
    if len(parts) == _PARTS_ENCRYPTED:
        raise TokenFault("the token is encrypted (JWE), which is not supported")
    if len(parts) != _PARTS or not all(parts):
        raise TokenFault("the token is not three parts with two dots between them")
    try:
        header_octets, payload, signature = map(decoded, parts)
        header = strict_object(header_octets)
    except ValueError as e:
        raise TokenFault(f"the token's encoding or header is invalid: {e}") from None
    algorithm = _algorithm(header, algorithms)
    message = token[: len(token) - len(parts[2]) - 1].encode()
    return SignedToken(algorithm, _key_id(header), header, message, payload, signature)


def _algorithm(header: Mapping[str, Any], algorithms: Set[str]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise TokenFault(
            f"its alg is not one that the policy allows: {', '.join(sorted(algorithms))}"
        )
    for name in ("crit", "b64", "enc", "zip"):
        if name in header:
            raise TokenFault(f"its header has {name}, which is not supported")
    content = str(header.get("cty", "")).lower()
    if content.removeprefix("application/") == "jwt":
        raise TokenFault("it contains another token (nested JWT), which is not supported")
    return algorithm


def _key_id(header: Mapping[str, Any]) -> str | None:
    key_id = header.get("kid")
    if key_id is None:
        return None
    if not isinstance(key_id, str) or len(key_id) > _MAX_ID_CHARS:
        raise TokenFault(f"its kid is not a text of at most {_MAX_ID_CHARS} characters")
    return key_id


def verify(token: SignedToken, keys: KeySet) -> None:
    """Raise TokenFault unless one of the keys signed the token.

    It is an UnknownKeyFault if a newer key set could have the right key: if the token names a key
    that is not in the set, or names none.
    """
    for key in keys.fitting(token.algorithm, token.key_id):
        if key.verifies(token.algorithm, token.signature, token.message):
            return
    if keys.knows(token.key_id):
        raise TokenFault("its signature is wrong, or the key that it names has another algorithm")
    raise UnknownKeyFault("none of the keys verifies its signature")
