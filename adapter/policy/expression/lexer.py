"""Splits an expression into tokens."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from adapter.errors import ExpressionError

TokenKind = Literal["number", "string", "name", "operator", "end"]

SUBSET: Final = (
    "supported are attributes.{headers, queryParams, method, requestPath, requestUri, queryString, "
    "scheme, version, remoteAddress}, authentication.{principal, clientId, clientName}, "
    "vars.claimSet.<claim>, text, numbers, true, false, arrays, ++ == != < > <= >= and or not "
    "default if/else, and contains, lower, upper, trim, splitBy, sizeOf, substringBefore, "
    "substringAfter, substringBeforeLast, substringAfterLast"
)

_IMPOSSIBLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "payload": "Envoy asks before there is a body",
        "uuid": "a decision depends on the request alone; Envoy gives each request an x-request-id",
    }
)
"""What the vendor documents and we cannot do, with the reason."""

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>\d+(?:\.\d+)?(?![\w.]))
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<name>[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)
      | (?P<operator>\+\+|==|!=|<=|>=|[<>().,\[\]])
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED: Final = {c: c for c in "\"'\\/$"} | {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
}


class Token(NamedTuple):
    """A piece of an expression; `text` of a string is what it stands for, without its quotes."""

    kind: TokenKind
    text: str
    position: int
    """Offset within the source, from 0."""

    @property
    def shown(self) -> str:
        """For messages; text may be a secret, so it is not shown."""
        return {"end": "end", "string": "text"}.get(self.kind, repr(self.text))


def unsupported(what: str, position: int) -> ExpressionError:
    """The error for something outside the subset, which it names."""
    return ExpressionError(f"{what} at position {position + 1} of the expression; {SUBSET}")


def unsupported_name(token: Token) -> ExpressionError:
    """The error for a name that is not in the subset, with the reason if there is a special one."""
    why = _IMPOSSIBLE.get(token.text)
    because = f", since {why}," if why else ""
    return unsupported(f"unsupported name {token.text!r}{because}", token.position)


def tokenize(source: str) -> list[Token]:
    """The tokens within `#[` and `]`, closed by one of kind `end`; raises ExpressionError."""
    tokens: list[Token] = []
    position, end = 2, len(source) - 1
    while position < end:
        match = _TOKEN.match(source, position, end)
        if match is None:
            raise unsupported(f"unsupported syntax {source[position]!r}", position)
        kind, text = match.lastgroup, match.group()
        if kind == "string":
            tokens.append(Token("string", _unquoted(text, position), position))
        elif kind in ("number", "name", "operator"):
            tokens.append(Token(kind, text, position))  # type: ignore[arg-type]
        position = match.end()
    tokens.append(Token("end", "", end))
    return tokens


def _unquoted(quoted: str, position: int) -> str:
    def replaced(match: re.Match[str]) -> str:
        code, character = match.groups()
        text = chr(int(code, 16)) if code else _ESCAPED.get(character)
        if text is None or "\ud800" <= text <= "\udfff":
            raise unsupported(f"unsupported escape {match.group()!r}", position + match.start())
        return text

    if re.search(r"(?<!\\)(?:\\\\)*\$\(", quoted):
        raise unsupported("text with an interpolated $(...)", position)
    return _ESCAPE.sub(replaced, quoted[1:-1])
