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
"""Steps per character of the text, in addition to one step per RE2 instruction."""

_MAX_MEMORY: Final = 1 << 17

_CLASS: Final = re.compile(r"\\.|\[(\^?\]?(?:\\.|[^\]\\])*)\]", re.DOTALL)
_NESTED: Final = re.compile(r"(?<!\\)(?:\\\\)*\[|&&")


def matching(pattern: Token) -> Function:
    """The function `matches` with this pattern: it must match the whole text; null never matches.

    Raises ExpressionError for patterns that RE2 rejects, or reads differently from the vendor.
    """
    if any(_NESTED.search(found[1] or "") for found in _CLASS.finditer(pattern.text)):
        raise _refused(
            r"has [ or && within [...], which RE2 reads differently; write \[ or \&", pattern
        )
    try:
        compiled = compile_pattern(pattern.text, max_memory=_MAX_MEMORY)
    except ValueError as e:
        raise _refused(str(e), pattern) from None
    fullmatch = compiled.fullmatch

    def matches(value: Value) -> Value:
        # Bytes, because RE2's Python library would also count the characters of a str.
        return value is not None and (
            fullmatch(text_of("matches", value).encode("utf-8", "surrogatepass")) is not None
        )

    return Function(matches, 1, _BASE_STEPS + compiled.programsize)


def _refused(what: str, pattern: Token) -> ExpressionError:
    return ExpressionError(
        f"the pattern at position {pattern.position + 1} of the expression {what}"
    )
