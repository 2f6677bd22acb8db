"""A client secret as the platform gives it: salted and hashed."""

import base64
import binascii
import sys
from hashlib import sha256
from hmac import compare_digest
from typing import Final, Literal

from mypy_extensions import i64, mypyc_attr

SecretForm = Literal["auto", "secret+salt", "salt+secret"]
"""How the platform concatenates secret and salt; not public, hence `auto`, which tries both."""

_DIGEST_BYTES: Final = 32
_SALT_AT: Final = 1 + _DIGEST_BYTES
_SECRET_FORMS: Final[tuple[SecretForm, ...]] = ("auto", "secret+salt", "salt+secret")
_SALT_FIRST: Final = ((False, True), (False,), (True,))
"""Whether the salt stands before the secret, for each candidate concatenation of each form."""
_RECOGNISES: Final = sys.hash_info.width >= 64 and sys.hash_info.algorithm.startswith("siphash")
"""Whether `hash` of a text is 64 bits that nobody can aim at: SipHash under a key of this process
(PEP 456)."""
_NONE_YET: Final = -1
"""What `hash` never gives."""


@mypyc_attr(acyclic=True, allow_interpreted_subclasses=True)
class HashedSecret:
    """A client secret as the platform gives it: salted SHA-256, never the secret itself.

    Form, digest and salt are one `bytes`, since there may be a million of them; no text form of it
    shows any.
    """

    __slots__ = ("_octets", "_recognised")

    def __init__(self, digest: bytes, salt: bytes, form: SecretForm = "auto") -> None:
        self._octets = bytes((_SECRET_FORMS.index(form),)) + digest + salt
        self._recognised: i64 = _NONE_YET
        """What `hash` makes of the secret, once it has come: no secret can be had from it, and
        whoever guesses has to guess that number."""

    @classmethod
    def parse(cls, text: str, salt: str, form: SecretForm) -> "HashedSecret":
        """Read a digest in hexadecimal or base64; raise ValueError when it is neither."""
        return cls(_digest_bytes(text), salt.encode(), form)

    @property
    def form(self) -> SecretForm:
        """How secret and salt are concatenated."""
        return _SECRET_FORMS[self._octets[0]]

    @property
    def digest(self) -> bytes:
        """The hash."""
        return self._octets[1:_SALT_AT]

    @property
    def salt(self) -> bytes:
        """What is hashed with the secret."""
        return self._octets[_SALT_AT:]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HashedSecret) and self._octets == other._octets

    def __hash__(self) -> int:
        return hash(self._octets)

    def __repr__(self) -> str:
        return f"HashedSecret(form={self.form!r})"

    def matches(self, secret: str) -> bool:
        """Whether this is the hash of that secret; all wrong ones take the same time.

        The right one, once it has matched, is recognised without hashing it again.
        """
        number: i64 = hash(secret)
        if number == self._recognised:
            return True
        if not self._is_hash_of(secret.encode("utf-8", "surrogatepass")):
            return False
        if _RECOGNISES:
            self._recognised = number
        return True

    def _is_hash_of(self, secret: bytes) -> bool:
        digest, salt = self.digest, self.salt
        for salt_first in _SALT_FIRST[self._octets[0]]:
            salted = salt + secret if salt_first else secret + salt
            if compare_digest(sha256(salted).digest(), digest):
                return True
        return False


def _digest_bytes(text: str) -> bytes:
    for decode in (bytes.fromhex, _from_base64):
        try:
            digest = decode(text)
        except ValueError:
            continue
        if len(digest) == _DIGEST_BYTES:
            return digest
    raise ValueError("the secret's hash is not SHA-256 in hexadecimal or base64")


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as e:
        raise ValueError(str(e)) from None
