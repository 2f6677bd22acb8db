"""The types of fields in the platform's documents.

The platform sends numbers as text, text as numbers, and null for an empty value. All of these are
read. Any other value of the wrong type is a fault of its document.
"""

import math
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

UNKNOWN: Final = "?"
"""Shown instead of an identifier that cannot be read."""
MAX_IDENTIFIER_CHARS: Final = 256
MAX_TEXT_CHARS: Final = 256
_TRUE: Final = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "off", "0", "null", "none", ""})
_MAX_COUNT: Final = 2**53
_SHORTEST_LIFE_S: Final = 10.0
_LONGEST_LIFE_S: Final = 24 * 3600.0


def is_number(value: Any) -> bool:
    """Whether it is a number. `true` is not, although Python counts it as one."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def flag(value: Any) -> bool | None:
    """The value of a Boolean field, in any spelling; None if it is neither true nor false.

    Null, a missing field and an empty text mean false.
    """
    if value is None or isinstance(value, bool):
        return bool(value)
    if is_number(value):
        return bool(value) if value in (0, 1) else None
    word = value.strip().lower() if isinstance(value, str) else None
    return True if word in _TRUE else False if word in _FALSE else None


def is_empty(value: Any) -> bool:
    """Whether it is null, or an empty text, list or object."""
    return value is None or value in ("", [], {})


def filled(value: Any) -> Any:
    """An empty object instead of any other empty value."""
    return {} if is_empty(value) else value


def is_whole_text(text: str) -> bool:
    """Whether it has no unpaired surrogate, which cannot be encoded."""
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
    """A number, also one in a text; otherwise NaN, which no comparison accepts."""
    try:
        return float(value) if is_number(value) or isinstance(value, str) else math.nan
    except (ValueError, OverflowError):
        return math.nan


def _counted(value: Any) -> int | None:
    count = _number(value)
    return int(count) if 0 <= count <= _MAX_COUNT else None


def lifetime_s(value: Any) -> float | None:
    """The lifetime of a token in seconds, within limits; None if the platform does not say.

    With a very short one, every poll would request a token. If the platform ends a token earlier
    than expected, it answers 401, and the token is renewed.
    """
    seconds = _number(value)
    if not seconds > 0:
        return None
    return min(max(seconds, _SHORTEST_LIFE_S), _LONGEST_LIFE_S)


def shown(identifier: Any) -> str:
    """An identifier as text, or `UNKNOWN`; never raises."""
    try:
        return _IDENTIFIER.validate_python(identifier)
    except ValidationError:
        return UNKNOWN


WholeText: TypeAlias = Annotated[str, Field(pattern="")]
"""Text without unpaired surrogates: pydantic cannot match a pattern on others."""

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
"""An identifier that may be missing: null or an empty text."""

Text: TypeAlias = Annotated[str, BeforeValidator(_for_people)]
"""A name for people, cut to a length that fits into headers and logs.

An unpaired surrogate becomes U+FFFD, and a value of another type becomes empty text. An odd name is
no reason to refuse the thing.
"""

Count: TypeAlias = Annotated[int | None, BeforeValidator(_counted)]
"""How many entries a list has; None if the platform does not say."""
