"""Patterns of `matches`, compiled at sync time."""

import re
from typing import Final

from adapter.errors import ExpressionError
from adapter.policy.bounded_patterns import compile_pattern
from adapter.policy.expression.functions import Function
from adapter.policy.expression.lexer import Token
from adapter.policy.expression.texts import text_of
from adapter.policy.expression.values import Value

_BASE_STEPS: Final = 64
"""Steps for each character of the text, and one more for each instruction of RE2's program."""

_MAX_MEMORY: Final = 1 << 17

_CLASS: Final = re.compile(r"\\.|\[(\^?\]?(?:\\.|[^\]\\])*)\]", re.DOTALL)
_NESTED: Final = re.compile(r"(?<!\\)(?:\\\\)*\[|&&")


def matching(pattern: Token) -> Function:
    """Whether the pattern matches the whole of a text; null matches nothing.

    Raises ExpressionError for what RE2 does not take, or takes for something else than the vendor.
    """
    if any(_NESTED.search(found[1] or "") for found in _CLASS.finditer(pattern.text)):
        raise _refused(
            r"has [ or && within [...], which RE2 reads in another way; write \[ or \&", pattern
        )
    try:
        compiled = compile_pattern(pattern.text, max_memory=_MAX_MEMORY)
    except ValueError as e:
        raise _refused(str(e), pattern) from None
    fullmatch = compiled.fullmatch

    def matches(value: Value) -> Value:
        # Octets, because in a text RE2's library would count the characters, too.
        return value is not None and (
            fullmatch(text_of("matches", value).encode("utf-8", "surrogatepass")) is not None
        )

    return Function(matches, 1, _BASE_STEPS + compiled.programsize)


def _refused(what: str, pattern: Token) -> ExpressionError:
    return ExpressionError(
        f"the pattern at position {pattern.position + 1} of the expression {what}"
    )
