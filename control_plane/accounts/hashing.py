"""Hashes of secrets: Argon2id for logins, SHA-256 for tokens, a salted form for applications."""

import base64
import hashlib
import hmac
import secrets
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from control_plane.settings import SecretForm

# RFC 9106, section 4, the second recommended option: 64 MiB and three passes. With one lane in
# place of four, because the hashing pool has one thread.
_MEMORY_KIB, _PASSES = 64 << 10, 3
# RFC 7914's N, r and p, and the bytes of salt, of the hashes from before Argon2.
_OLD_COST, _OLD_BLOCK_SIZE, _OLD_PARALLEL = 2**14, 8, 1
_SALT_BYTES = 16


class LoginHasher:
    """Hashes passwords of users and secrets of gateways, slowly on purpose (`hashing_pool`)."""

    def __init__(
        self, *, memory_kib: int = _MEMORY_KIB, passes: int = _PASSES, old_cost: int = _OLD_COST
    ) -> None:
        """`old_cost` is the N of scrypt that the hashes from before Argon2 were made with."""
        self._argon2 = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._old_cost = old_cost
        self._nobody = self.hash(secrets.token_urlsafe())

    def hash(self, secret: str) -> str:
        """A salted hash of `secret`, to be stored."""
        return self._argon2.hash(secret)

    def matches(self, secret: str, stored: str | None) -> bool:
        """Whether `stored` is a hash of `secret`. For None it takes as long, and is never true."""
        if stored is not None and not stored.startswith("$argon2"):
            return self._matches_old(secret, stored)
        try:
            self._argon2.verify(stored or self._nobody, secret)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the secret should be hashed again, at the next login."""
        return not stored.startswith("$argon2") or self._argon2.check_needs_rehash(stored)

    def _matches_old(self, secret: str, stored: str) -> bool:
        salt, _, expected = stored.partition("$")
        found = hashlib.scrypt(
            secret.encode(),
            salt=bytes.fromhex(salt),
            n=self._old_cost,
            r=_OLD_BLOCK_SIZE,
            p=_OLD_PARALLEL,
            dklen=32,
        )
        return hmac.compare_digest(found.hex(), expected)


def token_hash(token: str) -> bytes:
    """The hash that is stored of a token. Tokens are random and long, so one round is enough."""
    return hashlib.sha256(token.encode()).digest()


class SaltedSecret(NamedTuple):
    """An application's secret in the form of the contract feed."""

    salt: str
    hash: str


def salted(secret: str, form: SecretForm, salt: str | None = None) -> SaltedSecret:
    """`secret` in the form that the settings name, with a new salt unless one is given."""
    salt = salt or secrets.token_hex(_SALT_BYTES)
    salt_last = form in (SecretForm.HEX_SALT_LAST, SecretForm.BASE64_SALT_LAST)
    digest = hashlib.sha256((secret + salt if salt_last else salt + secret).encode()).digest()
    in_hex = form in (SecretForm.HEX_SALT_LAST, SecretForm.HEX_SALT_FIRST)
    return SaltedSecret(salt, digest.hex() if in_hex else base64.b64encode(digest).decode())
