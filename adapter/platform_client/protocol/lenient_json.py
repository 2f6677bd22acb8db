"""Reads JSON that a strict parser refuses, so that one bad entry does not spoil the others.

Some JSON is valid but refused by parsers: unpaired surrogates (RFC 8259, 8.2), deep nesting, and
numbers of thousands of digits (both RFC 8259, 9). Platforms also send invalid text, such as bytes
that are not UTF-8.
"""

import json
import re
from typing import Any, Final

_LEVELS: Final = 6
"""Levels that are read piece by piece: down to the fields of an instance in an asset in a list."""
_MOST_UNREADABLE: Final = 1_000
_MOST_DIGITS: Final = 1_000
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_MARK: Final = re.compile(r"[ \t\n\r]*(.)[ \t\n\r]*", re.DOTALL)
_PIECE: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]+|[\]}]+', re.DOTALL)
_SCALAR: Final = re.compile(r"[^ \t\n\r,\]}]*")


class Unreadable:
    """Replaces a value that cannot be read; it fits no field of a document."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why: Final = why


def read_leniently(body: bytes) -> Any:
    """The value of a JSON text, in which `Unreadable` replaces each part that cannot be read.

    Bytes that are not UTF-8 become unpaired surrogates. Raises ValueError if the text as a whole is
    not JSON, for example because its end is missing.
    """
    text = body.decode("utf-8", "surrogateescape")
    pieces = _Pieces(text)
    value, end = pieces.value(pieces.after_space(0), _LEVELS)
    if isinstance(value, Unreadable) or pieces.after_space(end) != len(text):
        raise ValueError("not JSON")
    return value


def _whole_number(text: str) -> Any:
    if len(text) <= _MOST_DIGITS:
        return int(text)
    return Unreadable(f"a number of {len(text)} digits")


_DECODER: Final = json.JSONDecoder(strict=False, parse_int=_whole_number)


class _Pieces:
    """A text. Each value is read as a whole if possible, otherwise piece by piece."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._unreadable = 0

    def after_space(self, at: int) -> int:
        """The position after white space."""
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def value(self, at: int, levels: int) -> tuple[Any, int]:
        """The value at that position, and its end; raises ValueError if it has no end."""
        try:
            return _DECODER.raw_decode(self._text, at)
        except RecursionError:
            why = "nested too deeply"
        except ValueError:
            why = "not JSON"
        read = {"{": self._object, "[": self._array}.get(self._text[at : at + 1])
        if read is not None and levels:
            try:
                return read(at, levels - 1)
            except ValueError:
                why = "not JSON"
        return self._given_up(at, why)

    def _object(self, at: int, levels: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        mark, at = self._mark("{", at)
        while mark != "}":
            if not self._text.startswith('"', at):
                raise ValueError("a member without a name")
            name, at = _DECODER.raw_decode(self._text, at)
            members[name], at = self.value(self._mark(":", at)[1], levels)
            mark, at = self._mark(",}", at)
        return members, at

    def _array(self, at: int, levels: int) -> tuple[list[Any], int]:
        entries: list[Any] = []
        mark, at = self._mark("[", at)
        while mark != "]":
            entry, at = self.value(at, levels)
            entries.append(entry)
            mark, at = self._mark(",]", at)
        return entries, at

    def _mark(self, expected: str, at: int) -> tuple[str, int]:
        """Read one of these characters; return it and the position after it and white space."""
        match = _MARK.match(self._text, at)
        if match is None or match[1] not in expected:
            raise ValueError(f"one of {expected} is missing")
        return match[1], match.end()

    def _given_up(self, at: int, why: str) -> tuple[Unreadable, int]:
        self._unreadable += 1
        if self._unreadable > _MOST_UNREADABLE:
            raise ValueError("too much of it cannot be read")
        return Unreadable(why), self._end(at)

    def _end(self, at: int) -> int:
        """The end of a value, found by its brackets and quotes only."""
        if self._text[at : at + 1] not in ("{", "[", '"'):
            match = _SCALAR.match(self._text, at)
            if not match or match.end() == at:
                raise ValueError("no value")
            return match.end()
        depth = 0
        for piece in _PIECE.finditer(self._text, at):
            first = piece[0][0]
            if first != '"':
                depth += len(piece[0]) if first in "{[" else -len(piece[0])
            if depth <= 0:
                return piece.end() + depth
        raise ValueError("cut off")
