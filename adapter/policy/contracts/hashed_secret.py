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
_DIGEST_END: Final = 1 + _DIGEST_BYTES
_PREVIOUS_END: Final = _DIGEST_END + _DIGEST_BYTES
_SECRET_FORMS: Final[tuple[SecretForm, ...]] = ("auto", "secret+salt", "salt+secret")
_SALT_FIRST: Final = ((False, True), (False,), (True,))
"""For each form: the orders to try, and whether the salt comes first in each."""
_WITH_PREVIOUS: Final = len(_SECRET_FORMS)
"""Added to the number of the form if there is a second digest."""
RECOGNISABLE: Final = sys.hash_info.width >= 64 and sys.hash_info.algorithm.startswith("siphash")
"""Whether `hash()` of a str is a 64-bit number that nobody outside can predict: SipHash with a key
of this process (PEP 456)."""


@mypyc_attr(acyclic=True)
class HashedSecret:
    """A client secret as salted SHA-256; never the secret itself.

    After a rotation, an old and a new secret may both work for a while. Then there is a second
    digest, made with the same salt, so that what a client sends is hashed once for both.

    Form, digests and salt are one `bytes` object, which is all that a contract stores. `repr` shows
    no digest and no salt.
    """

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets: Final = octets
        """Form, digests and salt, joined by `of`."""

    @classmethod
    def of(
        cls, digest: bytes, salt: bytes, form: SecretForm = "auto", previous: bytes = b""
    ) -> "HashedSecret":
        """Join the parts; `previous` is the digest of the secret before, if that works too."""
        first = _SECRET_FORMS.index(form) + (_WITH_PREVIOUS if previous else 0)
        return cls(bytes((first,)) + digest + previous + salt)

    @classmethod
    def parse(cls, text: str, salt: str, form: SecretForm, previous: str = "") -> "HashedSecret":
        """Read digests in hexadecimal or base64; raise ValueError if one is neither."""
        before = _digest_bytes(previous) if previous else b""
        return cls.of(_digest_bytes(text), salt.encode(), form, before)

    @property
    def form(self) -> SecretForm:
        """How secret and salt are joined."""
        return _SECRET_FORMS[self.octets[0] % _WITH_PREVIOUS]

    @property
    def has_previous(self) -> bool:
        """Whether the secret before works too."""
        return self.octets[0] >= _WITH_PREVIOUS

    @property
    def digest(self) -> bytes:
        """The SHA-256 hash."""
        return self.octets[1:_DIGEST_END]

    @property
    def previous(self) -> bytes:
        """The SHA-256 hash of the secret before; empty unless that works too."""
        return self.octets[_DIGEST_END:_PREVIOUS_END] if self.has_previous else b""

    @property
    def salt(self) -> bytes:
        """The bytes that are hashed together with the secret."""
        return self.octets[_PREVIOUS_END if self.has_previous else _DIGEST_END :]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HashedSecret) and self.octets == other.octets

    def __hash__(self) -> int:
        return hash(self.octets)

    def __repr__(self) -> str:
        return f"HashedSecret(form={self.form!r})"

    def matches(self, secret: str) -> bool:
        """Whether this is the hash of that secret. All wrong secrets take the same time.

        Without a previous secret, a wrong one is compared twice with the same digest. So the time
        does not show which clients have two.
        """
        octets = secret.encode("utf-8", "surrogatepass")
        digest, salt = self.digest, self.salt
        previous = self.previous or digest
        for salt_first in _SALT_FIRST[self.octets[0] % _WITH_PREVIOUS]:
            found = sha256(salt + octets if salt_first else octets + salt).digest()
            if compare_digest(found, digest) or compare_digest(found, previous):
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
