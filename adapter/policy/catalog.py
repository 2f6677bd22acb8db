"""What an admin manages on the platform, in our own types.

`platform_client.translate` makes these from the platform's documents; `policy.snapshot` compiles
them. Identifiers are strings throughout: they travel as strings in Envoy's metadata, whose numbers
are doubles.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final, Literal, NamedTuple, Self

SecretForm = Literal["auto", "secret+salt", "salt+secret"]
"""How the platform concatenates secret and salt; not public, hence `auto`, which tries both."""

_DIGEST_BYTES: Final = 32
_SALT_AT: Final = 1 + _DIGEST_BYTES
_SECRET_FORMS: Final[tuple[SecretForm, ...]] = ("auto", "secret+salt", "salt+secret")
_SALT_FIRST: Final = ((False, True), (False,), (True,))
"""Whether the salt stands before the secret, for each candidate concatenation of each form."""


class ApiInstance(NamedTuple):
    """An API in one environment, as API Manager numbers it."""

    api_id: str
    name: str
    version: str = ""
    """The asset's version, for people and analytics."""


class RateLimit(NamedTuple):
    """At most so many requests in a period."""

    maximum_requests: int
    period_ms: int


@dataclass(frozen=True, slots=True)
class SlaTier:
    """What a client application was promised; several limits are layered."""

    tier_id: str
    name: str
    limits: tuple[RateLimit, ...]


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


@dataclass(frozen=True, slots=True)
class Contract:
    """An approved agreement that a client application may call an API, possibly at a tier.

    One flat object, since there may be a million of them: an application with contracts for several
    APIs is told several times.
    """

    contract_id: str
    client_id: str
    client_name: str = ""
    secret: HashedSecret | None = field(default=None, repr=False)
    """The application's; None if the platform gave none."""
    tier_id: str | None = None
    fault: str | None = None
    """Why this contract cannot be honoured (its secret's form, say): it alone is closed."""


@dataclass(frozen=True, slots=True)
class Pointcut:
    """A part of an API; both patterns (RE2) match the whole method and the whole path."""

    method_regex: str
    path_regex: str


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    """A policy that an admin applied to an API, or to the environment (then it is automated)."""

    policy_id: str
    policy_type: str
    """The policy's asset id, such as `rate-limiting`."""
    configuration: Mapping[str, Any] = field(repr=False)
    order: int = 50
    pointcuts: tuple[Pointcut, ...] = ()
    """Empty: the whole API. Else any of them."""
    automated: bool = False
    fault: str | None = None
    """Why the platform's description of this policy cannot be used (a masked secret, say)."""


@dataclass(frozen=True, slots=True)
class ApiContent:
    """All that the platform says of one API, fetched whole."""

    instance: ApiInstance
    policies: tuple[AppliedPolicy, ...] = ()
    """Automated and own, in no particular order; disabled ones are left out."""
    tiers: Mapping[str, SlaTier] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    """By contract id."""
