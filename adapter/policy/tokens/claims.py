# mypyc: compiled
"""The claims of a token (RFC 7519, section 4), and when they are valid."""

from collections.abc import Mapping, Set
from decimal import Decimal
from typing import Any, Final, NamedTuple

from mypy_extensions import mypyc_attr

from adapter.policy.tokens.algorithms import VERIFY
from adapter.policy.tokens.faults import TokenFault
from adapter.policy.tokens.jws import read_token, verify
from adapter.policy.tokens.keys import KeySet
from adapter.policy.tokens.strict_json import strict_object
from adapter.policy.value import Value

_LATEST: Final = 253_402_300_800
"""The end of the year 9999, in seconds since the epoch."""


@mypyc_attr(acyclic=True)
class Lifetime(Value):
    """When a token is valid, in seconds since the epoch; None for no limit."""

    __slots__ = ("expires", "not_before")

    def __init__(self, not_before: float | None = None, expires: float | None = None) -> None:
        self.not_before: Final = not_before
        self.expires: Final = expires

    def held(self) -> tuple[float | None, float | None]:
        """See `Value`."""
        return self.not_before, self.expires

    def objection(self, now: float, skew_s: float) -> str | None:
        """Why the token is not valid now; None if it is (RFC 7519, sections 4.1.4 and 4.1.5).

        `skew_s` is how much the clocks of the issuer and this machine may differ.
        """
        if self.expires is not None and now >= self.expires + skew_s:
            return "the token has expired (exp)"
        if self.not_before is not None and now < self.not_before - skew_s:
            return "the token is not valid yet (nbf)"
        return None


class AuthenticToken(NamedTuple):
    """A token that one of the given keys signed. Whether it is valid now is another question."""

    claims: Mapping[str, Any]
    lifetime: Lifetime


def authenticate(token: str, algorithms: Set[str], keys: KeySet) -> AuthenticToken:
    """Verify the signature and read the claims; raises TokenFault.

    `algorithms` and `keys` are what the policy says. The token chooses neither: it only says which
    of them it used.
    """
    signed = read_token(token, algorithms)
    verify(signed, keys)
    try:
        claims = strict_object(signed.payload)
    except ValueError as e:
        raise TokenFault(f"its claims are not valid JSON: {e}") from None
    return AuthenticToken(claims, lifetime_of(claims))


def authenticated_elsewhere(token: str, payload: Mapping[str, Any]) -> AuthenticToken:
    """Read a token whose payload somebody else has verified; raises TokenFault.

    `payload` has floats for numbers. It must be the payload of this token. The claims come from the
    token, because they are exact.
    """
    signed = read_token(token, frozenset(VERIFY))
    try:
        claims = strict_object(signed.payload)
    except ValueError as e:
        raise TokenFault(f"its claims are not valid JSON: {e}") from None
    if not _is_same(claims, payload):
        raise TokenFault("another token was verified")
    return AuthenticToken(claims, lifetime_of(claims))


def _is_same(value: object, rounded: object) -> bool:
    """Whether two JSON values are the same but for the rounding of numbers."""
    if isinstance(value, dict) and isinstance(rounded, dict):
        return value.keys() == rounded.keys() and all(
            _is_same(value[name], rounded[name]) for name in value
        )
    if isinstance(value, list) and isinstance(rounded, list):
        return len(value) == len(rounded) and all(map(_is_same, value, rounded))
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return isinstance(rounded, float) and _float(value) == rounded
    return type(value) is type(rounded) and value == rounded


def _float(number: int | Decimal) -> float | None:
    try:
        return float(number)
    except OverflowError:
        return None


def lifetime_of(claims: Mapping[str, Any]) -> Lifetime:
    """When the token is valid; raises TokenFault if one of its dates is not a date."""
    numeric_date(claims, "iat")
    return Lifetime(numeric_date(claims, "nbf"), numeric_date(claims, "exp"))


def numeric_date(claims: Mapping[str, Any], name: str) -> float | None:
    """The claim as seconds since the epoch (RFC 7519, section 2); None if absent."""
    if name not in claims:
        return None
    date = claims[name]
    if isinstance(date, bool) or not isinstance(date, int | Decimal) or not 0 <= date < _LATEST:
        raise TokenFault(f"its {name} is not a number of seconds between 1970 and 9999")
    return float(date)
