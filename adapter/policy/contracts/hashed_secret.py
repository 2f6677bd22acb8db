# mypyc: compiled
"""A client secret in the form in which the platform sends it: salted and hashed."""

import base64
import binascii
import sys
from hashlib import sha256
from hmac import compare_digest
from typing import Final, Literal

from mypy_extensions import mypyc_attr

SecretForm = Literal["auto", "secret+salt", "salt+secret"]
"""How the platform joins secret and salt. It is not documented, so `auto` tries both."""

_DIGEST_BYTES: Final = 32
_SALT_AT: Final = 1 + _DIGEST_BYTES
_SECRET_FORMS: Final[tuple[SecretForm, ...]] = ("auto", "secret+salt", "salt+secret")
_SALT_FIRST: Final = ((False, True), (False,), (True,))
"""For each form: the orders to try, and whether the salt comes first in each."""
RECOGNISABLE: Final = sys.hash_info.width >= 64 and sys.hash_info.algorithm.startswith("siphash")
"""Whether `hash()` of a str is a 64-bit number that nobody outside can predict: SipHash with a key
of this process (PEP 456)."""


@mypyc_attr(acyclic=True)
class HashedSecret:
    """A client secret as salted SHA-256; never the secret itself.

    Form, digest and salt are one `bytes` object, which is all that a contract stores. `repr` shows
    neither digest nor salt.
    """

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets: Final = octets
        """Form, digest and salt, joined by `of`."""

    @classmethod
    def of(cls, digest: bytes, salt: bytes, form: SecretForm = "auto") -> "HashedSecret":
        """Join the parts."""
        return cls(bytes((_SECRET_FORMS.index(form),)) + digest + salt)

    @classmethod
    def parse(cls, text: str, salt: str, form: SecretForm) -> "HashedSecret":
        """Read a digest in hexadecimal or base64; raise ValueError if it is neither."""
        return cls.of(_digest_bytes(text), salt.encode(), form)

    @property
    def form(self) -> SecretForm:
        """How secret and salt are joined."""
        return _SECRET_FORMS[self.octets[0]]

    @property
    def digest(self) -> bytes:
        """The SHA-256 hash."""
        return self.octets[1:_SALT_AT]

    @property
    def salt(self) -> bytes:
        """The bytes that are hashed together with the secret."""
        return self.octets[_SALT_AT:]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HashedSecret) and self.octets == other.octets

    def __hash__(self) -> int:
        return hash(self.octets)

    def __repr__(self) -> str:
        return f"HashedSecret(form={self.form!r})"

    def matches(self, secret: str) -> bool:
        """Whether this is the hash of that secret. All wrong secrets take the same time."""
        octets = secret.encode("utf-8", "surrogatepass")
        digest, salt = self.digest, self.salt
        for salt_first in _SALT_FIRST[self.octets[0]]:
            salted = salt + octets if salt_first else octets + salt
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
