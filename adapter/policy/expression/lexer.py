"""Splits an expression into tokens."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from adapter.policy.expression.syntax_errors import unsupported, unsupported_character

TokenKind = Literal["number", "string", "pattern", "name", "operator", "end"]

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.]))
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<pattern>/(?:[^/\\\n]|\\.)+/)
      | (?P<name>[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)
      | (?P<operator>\+\+|==|!=|<=|>=|[<>().,\[\]!])
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED: Final[Mapping[str, str]] = MappingProxyType(
    {"\\": "\\", "/": "/", "$": "$", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
)
_INTERPOLATION: Final = re.compile(r"(?<!\\)(?:\\\\)*\$")


class Token(NamedTuple):
    """A piece of an expression. For a string, `text` is its value, without the quotes."""

    kind: TokenKind
    text: str
    position: int
    """Offset within the source, from 0."""

    @property
    def shown(self) -> str:
        """The token in messages. Strings are not shown, because they may be secrets."""
        named = {"end": "end", "string": "text", "pattern": "pattern"}
        return named.get(self.kind, repr(self.text))


def tokenize(source: str) -> list[Token]:
    """The tokens within `#[` and `]`, and one of kind `end`; raises ExpressionError."""
    tokens: list[Token] = []
    position, end = 2, len(source) - 1
    while position < end:
        match = _TOKEN.match(source, position, end)
        if match is None:
            raise unsupported_character(source, position)
        kind, text = match.lastgroup, match.group()
        if kind == "string":
            text = _unquoted(text, position)
        elif kind == "pattern":
            text = text[1:-1]
        if kind != "space":
            tokens.append(Token(kind, text, position))  # type: ignore[arg-type]
        position = match.end()
    tokens.append(Token("end", "", end))
    return tokens


def _unquoted(quoted: str, position: int) -> str:
    """The value of a text literal. A backslash that starts no escape is literal."""
    quote = quoted[0]

    def replaced(match: re.Match[str]) -> str:
        code, character = match.groups()
        if code:
            return chr(int(code, 16))
        if character == "u":
            raise unsupported(
                f"unsupported escape {match.group()!r}",
                position + match.start(),
                "write four hexadecimal digits after it, as in \\u00e9",
            )
        return quote if character == quote else _ESCAPED.get(character, match.group())

    dollar = _INTERPOLATION.search(quoted)
    if dollar is not None:
        raise unsupported(
            "text with an interpolated $",
            position + dollar.end() - 1,
            r"write \$ for the character, or join texts with ++",
        )
    text = _ESCAPE.sub(replaced, quoted[1:-1])
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise unsupported(
            "unsupported escape of an unpaired surrogate", position, "write both surrogates"
        ) from None
