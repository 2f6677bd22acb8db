"""JSON values: refuses those that no answer could contain, and hides those that are stored."""

import json
import re
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 100
"""Levels of arrays and objects. Parsers of gateways and serializers give up at about 200."""

UNREADABLE: Final = "unreadable: replace this value"
"""Replaces a stored value that can't be shown. No field accepts it as a valid value."""

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def nested_too_deeply(text: bytes) -> bool:
    """Whether UTF-8 JSON text has more than MAX_DEPTH levels; it need not be valid JSON."""
    depth = 0
    for bracket in _STRING.sub(b"", text).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def depth_of(value: Any) -> int:
    """The levels of a JSON value; a text or a number is one level."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth_of, inner), default=0)


def require_json(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse NaN and lone surrogates: Python reads them, but answers can't contain them."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("must be text that can be written in UTF-8") from error
    except ValueError as error:
        raise ValueError("must have no number that JSON can't write, such as 1e999") from error
    return value


def stored_json(text: str) -> Any:
    """A stored value, or UNREADABLE if no answer could contain it: other values stay readable."""
    try:
        if nested_too_deeply(text.encode()):
            return UNREADABLE
        value = json.loads(text, parse_constant=_refuse)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except ValueError:
        return UNREADABLE
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
