"""JSON objects from strangers, read strictly."""

import json
from decimal import Decimal
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 32
"""Levels of objects and arrays inside each other."""


def strict_object(octets: bytes) -> dict[str, Any]:
    """Parse a JSON object in UTF-8. Fractions become exact decimals. Raises ValueError.

    A member that occurs twice is refused, because programs differ in which of the two they read
    (RFC 8725, section 2.4). Numbers that are not JSON, such as NaN, are refused too, and so are
    characters that UTF-8 cannot represent.
    """
    try:
        value = json.loads(
            octets.decode(),
            object_pairs_hook=_without_duplicates,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
        )
    except (RecursionError, ArithmeticError):
        raise ValueError("it is nested too deeply, or has a number that is too large") from None
    if not isinstance(value, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - the caller catches one class
    _check(value, MAX_DEPTH)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("it has a number that is not JSON")


def _check(value: object, levels: int) -> None:
    """Raise ValueError for deep nesting, and for characters that UTF-8 cannot represent."""
    if isinstance(value, str):
        if not value.isascii():
            value.encode()
    elif isinstance(value, dict | list):
        if not levels:
            raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
        for member in [*value, *value.values()] if isinstance(value, dict) else value:
            _check(member, levels - 1)
