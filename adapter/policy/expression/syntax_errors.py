"""Errors about an expression's source: the position, what is wrong, and the fix."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from adapter.errors import ExpressionError
from adapter.policy.expression.functions import FUNCTIONS
from adapter.policy.spelling import did_you_mean

SUBSET: Final = "docs/policies/expressions.md lists what is supported"

_IMPOSSIBLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "payload": "Envoy asks before it has received the body",
        "uuid": "a decision depends on the request alone; Envoy gives each request an x-request-id",
    }
)
"""Names that the vendor documents and the adapter cannot support, with the reason."""

_NAMES: Final = (
    *FUNCTIONS,
    *("matches", "attributes", "authentication", "vars", "true", "false", "null"),
)

_FIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "=": "write == to compare",
        "&": "write `and`",
        "|": "write `or`",
        "+": "only ++, which joins texts or arrays, is supported",
        "-": "a name with a hyphen needs quotes, as in attributes.headers['x-name']; "
        "write a minus directly before a number",
        "'": "close the text with the same quote",
        '"': "close the text with the same quote",
        "/": "close the pattern with a slash",
        "`": "write text in single or double quotes",
        "{": "objects can only be read, from a token's claims",
        "$": "only literals and supported names have a value",
        "#": "write the whole expression in one #[...]",
    }
)
"""What to write instead of a character that starts no token."""


def unsupported(what: str, position: int, fix: str = SUBSET) -> ExpressionError:
    """The error for something that is not supported; `what` names it."""
    return ExpressionError(f"{what} at position {position + 1} of the expression; {fix}")


def unsupported_character(source: str, position: int) -> ExpressionError:
    """The error for a character that starts no token."""
    character = source[position]
    if character.isdecimal():
        fix = "write a number as 5, 2.5, -1 or 1e3, without leading zeros"
    else:
        fix = _FIXES.get(character, SUBSET)
    return unsupported(f"unsupported syntax {character!r}", position, fix)


def unsupported_name(name: str, position: int) -> ExpressionError:
    """The error for a name that is not supported, with the reason if there is a special one."""
    why = _IMPOSSIBLE.get(name)
    if why is not None:
        return unsupported(f"unsupported name {name!r} ({why})", position)
    return unsupported(f"unsupported name {name!r}", position, did_you_mean(name, _NAMES) or SUBSET)


def unsupported_member(
    whole: str, name: str, known: Iterable[str], position: int
) -> ExpressionError:
    """The error for an unknown name after a dot."""
    near = did_you_mean(name, known)
    return unsupported(f"unsupported {whole}.{name}", position, near or SUBSET)
