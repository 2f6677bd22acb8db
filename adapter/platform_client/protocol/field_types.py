"""What a member of the platform's documents may look like.

Clients of the platform see numbers as text, text as numbers, and null for nothing. All of that is
read. What is neither a value of the member's kind nor plainly nothing is a fault of its document.
"""

import math
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

UNKNOWN: Final = "?"
"""Shown in the place of an identifier that cannot be read."""
MAX_IDENTIFIER_CHARS: Final = 256
MAX_TEXT_CHARS: Final = 256
_TRUE: Final = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "off", "0", "null", "none", ""})
_MAX_COUNT: Final = 2**53
_SHORTEST_LIFE_S: Final = 10.0
_LONGEST_LIFE_S: Final = 24 * 3600.0


def is_number(value: Any) -> bool:
    """Whether it is a number; JSON's `true` is none, though Python's is."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def flag(value: Any) -> bool | None:
    """What a Boolean member says, in any spelling; None if it says neither true nor false.

    Null, a missing member and an empty text say false.
    """
    if value is None or isinstance(value, bool):
        return bool(value)
    if is_number(value):
        return bool(value) if value in (0, 1) else None
    word = value.strip().lower() if isinstance(value, str) else None
    return True if word in _TRUE else False if word in _FALSE else None


def is_whole_text(text: str) -> bool:
    """Whether it has characters only: no half of a surrogate pair, which nothing can encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _identifying(value: Any) -> Any:
    if type(value) is str or not is_number(value):
        return value
    return str(int(value)) if value == value // 1 else value


def _for_people(value: Any) -> str:
    if not isinstance(value, str):
        return _for_people(str(value)) if is_number(value) else ""
    if value.isascii():
        return value[:MAX_TEXT_CHARS]
    octets = value[:MAX_TEXT_CHARS].encode("utf-16-le", "surrogatepass")
    return octets.decode("utf-16-le", "replace")


def _number(value: Any) -> float:
    """A number, also one in a text; else none (NaN), which is neither more nor less than any."""
    try:
        return float(value) if is_number(value) or isinstance(value, str) else math.nan
    except (ValueError, OverflowError):
        return math.nan


def _counted(value: Any) -> int | None:
    count = _number(value)
    return int(count) if 0 <= count <= _MAX_COUNT else None


def lifetime_s(value: Any) -> float | None:
    """The seconds for which a token is believed, within bounds; None if that is not said.

    A short life would make every poll ask for a token, and one that ends early is renewed when the
    platform refuses it.
    """
    seconds = _number(value)
    if not seconds > 0:
        return None
    return min(max(seconds, _SHORTEST_LIFE_S), _LONGEST_LIFE_S)


def shown(identifier: Any) -> str:
    """An identifier as text, or `UNKNOWN`; it never raises."""
    try:
        return _IDENTIFIER.validate_python(identifier)
    except ValidationError:
        return UNKNOWN


WholeText: TypeAlias = Annotated[str, Field(pattern="")]
"""Text without half of a surrogate pair: to look for any pattern, the parser has to encode it."""

_IdentifierText: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=MAX_IDENTIFIER_CHARS, pattern="")
]

Identifier: TypeAlias = Annotated[_IdentifierText, BeforeValidator(_identifying)]
"""Identifiers are numbers in some documents and text in others."""
_IDENTIFIER: Final[TypeAdapter[str]] = TypeAdapter(Identifier)

OptionalIdentifier: TypeAlias = Annotated[
    _IdentifierText | None,
    BeforeValidator(lambda value: None if value == "" else _identifying(value)),
]
"""One that null or an empty text may stand for."""

Text: TypeAlias = Annotated[str, BeforeValidator(_for_people)]
"""A name for people, cut to a length that headers and logs can carry.

Half a surrogate pair becomes U+FFFD, and what is no text is empty: a name is never a
reason to refuse what it names.
"""

Count: TypeAlias = Annotated[int | None, BeforeValidator(_counted)]
"""How many entries a list has; None where the platform does not say."""
