"""Introspection of tokens (RFC 7662): where a policy asks, and how an answer is read."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

from adapter.policy.concealed import Concealed
from adapter.policy.need import Need
from adapter.policy.tokens.claims import Lifetime, lifetime_of
from adapter.policy.tokens.faults import TokenFault
from adapter.policy.tokens.strict_json import strict_object

MAX_ANSWER_BYTES: Final = 64 * 1024
"""Longer answers are refused. An answer usually has a few hundred bytes."""


class IntrospectionSource(Need):
    """Whom a policy asks about tokens, and how long it may remember the answers."""

    __slots__ = (
        "authorization",
        "longest_s",
        "max_remembered",
        "name",
        "timeout_s",
        "url",
        "without_exp_s",
    )

    def __init__(
        self,
        url: str,
        authorization: Concealed,
        *,
        timeout_s: float,
        longest_s: float,
        without_exp_s: float,
        max_remembered: int,
    ) -> None:
        self.url: Final = url
        """The introspection endpoint. Empty: the client provider in the operator's settings."""
        self.authorization: Final = authorization
        """The value of the `authorization` header for the endpoint."""
        self.timeout_s: Final = timeout_s
        """How long one question may take."""
        self.longest_s: Final = longest_s
        """How long an active token may be remembered; infinite: until it expires."""
        self.without_exp_s: Final = without_exp_s
        """The same for a token without `exp`; 0: not at all."""
        self.max_remembered: Final = max_remembered
        """How many active tokens may be remembered at once."""
        held = (url, str(authorization), timeout_s, longest_s, without_exp_s, max_remembered)
        self.name: Final = sha256(repr(held).encode()).digest()
        """Equal for equal sources, so that policies share what is remembered."""

    def remember_s(self, lifetime: Lifetime, now: float) -> float:
        """How many seconds an active token may be remembered."""
        if lifetime.expires is None:
            return min(self.longest_s, self.without_exp_s)
        return min(self.longest_s, lifetime.expires - now)


class Introspected(NamedTuple):
    """What an identity provider says about a token."""

    active: bool
    claims: Mapping[str, Any]
    """All fields of the answer. JSON values, with Decimal for exact fractions."""
    lifetime: Lifetime
    size: int
    """Bytes of the answer."""


def read_answer(body: bytes) -> Introspected:
    """Read an answer strictly; raises ValueError.

    Only `true` makes a token active, not `"true"` or 1 (RFC 7662, section 2.2). Of an inactive
    token nothing else counts.
    """
    if len(body) > MAX_ANSWER_BYTES:
        raise ValueError(f"it is longer than {MAX_ANSWER_BYTES:,} bytes")
    fields = strict_object(body)
    active = fields.get("active")
    if not isinstance(active, bool):
        raise ValueError("its field active is neither true nor false")  # noqa: TRY004 - as above
    if not active:
        return Introspected(False, {}, Lifetime(), len(body))
    try:
        return Introspected(True, fields, lifetime_of(fields), len(body))
    except TokenFault as e:
        raise ValueError(str(e)) from None
