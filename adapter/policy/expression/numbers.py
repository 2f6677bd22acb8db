"""Numbers in expressions: exact decimals, as in the vendor's engine."""

import re
from decimal import Decimal
from typing import Final

MAX_DIGITS: Final = 100
"""Digits that a number may have before the point, and after it."""

_MAX_EXPONENT: Final = 9_999
_NUMBER: Final = re.compile(
    rf"[+-]?(?:[0-9]{{1,{MAX_DIGITS}}}(?:\.[0-9]{{0,{MAX_DIGITS}}})?|\.[0-9]{{1,{MAX_DIGITS}}})"
    r"(?:[eE][+-]?[0-9]{1,4})?"
)


def number_from_text(text: str) -> Decimal | None:
    """Parse a number; None if the text is not a number, or has too many digits."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def number_from_json(value: object) -> Decimal | None:
    """Convert a JSON number, exactly if its parser kept it exact; None if it does not fit."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, int):
        number = Decimal(value)
    elif isinstance(value, float):
        number = Decimal(repr(value))
    else:
        return None
    _, digits, exponent = number.as_tuple()
    fits = isinstance(exponent, int) and abs(exponent) <= _MAX_EXPONENT
    return number if fits and len(digits) <= MAX_DIGITS else None


def number_text(number: Decimal) -> str:
    """The number as text, like Java's BigDecimal, without trailing zeros in the fraction."""
    if not number:
        return "0"
    text = str(number)
    if "." not in text or "E+" in text:
        return text
    fraction, mark, exponent = text.partition("E")
    return fraction.rstrip("0").rstrip(".") + mark + exponent
