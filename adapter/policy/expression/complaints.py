"""What an admin reads about an expression: where it is wrong, what is wrong, what to write."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from adapter.errors import ExpressionError
from adapter.policy.expression.functions import FUNCTIONS

SUBSET: Final = (
    "supported are attributes.{headers, queryParams, method, requestPath, requestUri, queryString, "
    "scheme, version, remoteAddress}, authentication.{principal, clientId, clientName}, "
    "vars.claimSet.<claim>, text, numbers, true, false, null, arrays, ++ == != < > <= >= and or "
    f"not ! default if/else, matches, and {', '.join(sorted(FUNCTIONS))}"
)

_IMPOSSIBLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "payload": "Envoy asks before there is a body",
        "uuid": "a decision depends on the request alone; Envoy gives each request an x-request-id",
    }
)
"""What the vendor documents and we cannot do, with the reason."""

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
        "a minus belongs directly before a number",
        "'": "close the text with the same quote",
        '"': "close the text with the same quote",
        "/": "close the pattern with a slash",
        "`": "write text in single or double quotes",
        "{": "objects can only be read, from a token's claims",
        "$": "only literals and the names of the subset have a value",
        "#": "one #[...] is the whole expression",
    }
)
"""What to write instead of a character that begins no token."""


def unsupported(what: str, position: int, fix: str = SUBSET) -> ExpressionError:
    """The error for something outside the subset, which it names."""
    return ExpressionError(f"{what} at position {position + 1} of the expression; {fix}")


def unsupported_character(source: str, position: int) -> ExpressionError:
    """The error for a character that begins no token."""
    character = source[position]
    if character.isdecimal():
        fix = "write a number as 5, 2.5, -1 or 1e3, without zeros before it"
    else:
        fix = _FIXES.get(character, SUBSET)
    return unsupported(f"unsupported syntax {character!r}", position, fix)


def unsupported_name(name: str, position: int) -> ExpressionError:
    """The error for a name that is not in the subset, with the reason if there is a special one."""
    why = _IMPOSSIBLE.get(name)
    if why is not None:
        return unsupported(f"unsupported name {name!r}, since {why},", position)
    return unsupported(f"unsupported name {name!r}", position, suggestion(name, _NAMES) or SUBSET)


def unsupported_member(
    whole: str, name: str, known: Iterable[str], position: int
) -> ExpressionError:
    """The error for a name after a dot that is not there."""
    near = suggestion(name, known)
    return unsupported(f"unsupported {whole}.{name}", position, near or SUBSET)


def suggestion(name: str, known: Iterable[str]) -> str:
    """`did you mean`, or nothing where no known name is near."""
    by_case = {each.casefold(): each for each in known}
    near = get_close_matches(name.casefold(), by_case, n=1, cutoff=0.7)
    return f"did you mean {by_case[near[0]]}?" if near else ""
