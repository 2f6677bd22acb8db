"""JSON from clients: only what every answer can carry is let in, and only that is given out."""

import json
import re
from typing import Annotated, Any, Final, NoReturn

from pydantic import AfterValidator

MAX_DEPTH: Final = 100
"""Levels of arrays and objects. Parsers of gateways and serializers give up at about 200."""

UNREADABLE: Final = "unreadable: replace this value"
"""What is shown for a stored value that can't be shown. No field takes it for a valid value."""

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


def _only_json(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what Python's JSON reader lets in and no answer could carry: NaN, lone surrogates."""
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    return value


JsonObject = Annotated[dict[str, Any], AfterValidator(_only_json)]


def stored_json(text: str) -> Any:
    """A stored value. One that no answer could carry is UNREADABLE, so that the rest is seen."""
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
