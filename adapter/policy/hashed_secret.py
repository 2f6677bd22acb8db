"""A client secret as the platform gives it: salted and hashed."""

import base64
import binascii
from hashlib import sha256
from hmac import compare_digest
from typing import Final, Literal, Self

SecretForm = Literal["auto", "secret+salt", "salt+secret"]
"""How the platform concatenates secret and salt; not public, hence `auto`, which tries both."""

_DIGEST_BYTES: Final = 32
_SALT_AT: Final = 1 + _DIGEST_BYTES
_SECRET_FORMS: Final[tuple[SecretForm, ...]] = ("auto", "secret+salt", "salt+secret")
_SALT_FIRST: Final = ((False, True), (False,), (True,))
"""Whether the salt stands before the secret, for each candidate concatenation of each form."""


class HashedSecret(bytes):
    """A client secret as the platform gives it: salted SHA-256, never the secret itself.

    Form, digest and salt are one `bytes`, since there may be a million of them; no text form of it
    shows any.
    """

    __slots__ = ()

    def __new__(cls, digest: bytes, salt: bytes, form: SecretForm = "auto") -> Self:
        """Put the parts together."""
        return super().__new__(cls, bytes((_SECRET_FORMS.index(form),)) + digest + salt)

    @classmethod
    def parse(cls, text: str, salt: str, form: SecretForm) -> Self:
        """Read a digest in hexadecimal or base64; raise ValueError when it is neither."""
        return cls(_digest_bytes(text), salt.encode(), form)

    @property
    def form(self) -> SecretForm:
        """How secret and salt are concatenated."""
        return _SECRET_FORMS[self[0]]

    @property
    def digest(self) -> bytes:
        """The hash."""
        return self[1:_SALT_AT]

    @property
    def salt(self) -> bytes:
        """What is hashed with the secret."""
        return self[_SALT_AT:]

    def __repr__(self) -> str:
        return f"HashedSecret(form={self.form!r})"

    __str__ = __repr__

    def matches(self, secret: str) -> bool:
        """Whether this is the hash of that secret; all wrong ones take the same time."""
        secret_bytes = secret.encode("utf-8", "surrogatepass")
        digest, salt = self[1:_SALT_AT], self[_SALT_AT:]
        for salt_first in _SALT_FIRST[self[0]]:
            salted = salt + secret_bytes if salt_first else secret_bytes + salt
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
