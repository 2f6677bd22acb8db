"""Hashes of secrets: scrypt for logins, SHA-256 for tokens, a salted form for applications."""

import base64
import hashlib
import hmac
import secrets
from typing import NamedTuple

from control_plane.settings import SecretForm

# RFC 7914's N, r and p; about 50 ms and 16 MiB a guess.
DEFAULT_COST = 2**14
_BLOCK_SIZE, _PARALLEL = 8, 1
_SALT_BYTES = 16


class LoginHasher:
    """Hashes passwords of users and secrets of gateways, slowly on purpose (`hashing_pool`)."""

    def __init__(self, *, cost: int = DEFAULT_COST) -> None:
        self._cost = cost
        self._nobody = self.hash(secrets.token_urlsafe())

    def hash(self, secret: str) -> str:
        """A salted hash of `secret`, to be stored."""
        salt = secrets.token_bytes(_SALT_BYTES)
        return f"{salt.hex()}${self._scrypt(secret, salt).hex()}"

    def matches(self, secret: str, stored: str | None) -> bool:
        """Whether `stored` is a hash of `secret`. For None it takes as long, and is never true."""
        salt, _, expected = (stored or self._nobody).partition("$")
        found = self._scrypt(secret, bytes.fromhex(salt)).hex()
        return hmac.compare_digest(found, expected) and stored is not None

    def _scrypt(self, secret: str, salt: bytes) -> bytes:
        return hashlib.scrypt(
            secret.encode(), salt=salt, n=self._cost, r=_BLOCK_SIZE, p=_PARALLEL, dklen=32
        )


def token_hash(token: str) -> bytes:
    """The hash that is stored of a token. Tokens are random and long, so one round is enough."""
    return hashlib.sha256(token.encode()).digest()


class SaltedSecret(NamedTuple):
    """An application's secret in the form of the contract feed."""

    salt: str
    hash: str


def salted(secret: str, form: SecretForm) -> SaltedSecret:
    """`secret` with a new salt, in the form that the settings name."""
    salt = secrets.token_hex(_SALT_BYTES)
    salt_last = form in (SecretForm.HEX_SALT_LAST, SecretForm.BASE64_SALT_LAST)
    digest = hashlib.sha256((secret + salt if salt_last else salt + secret).encode()).digest()
    in_hex = form in (SecretForm.HEX_SALT_LAST, SecretForm.HEX_SALT_FIRST)
    return SaltedSecret(salt, digest.hex() if in_hex else base64.b64encode(digest).decode())
