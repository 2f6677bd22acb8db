"""What pydantic found wrong with a value, in plain words.

Operators and administrators read these sentences, and pydantic's own speak of Python's types ("a
valid tuple"). Each sentence continues the name of the value: "poll_interval_s: must be a number".
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic_core.core_schema import ErrorType

_KINDS: Final = frozenset({*get_args(ErrorType), "path_type"})
"""Pydantic's own kinds of errors. Others come from validators of ours."""

_WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "none": "has no value",
    "int": "must be a whole number",
    "float": "must be a number",
    "finite": "must be a number",
    "bool": "must be true or false",
    "string": "must be text",
    "string_pattern_mismatch": "has characters that are not allowed there",
    "string_unicode": "has characters that cannot be encoded",
    "tuple": "must be a list",
    "list": "must be a list",
    "model": "must be a group of named values",
    "dict": "must be a group of named values",
    "path": "must be the path of a file or directory",
    "url": "must be a URL that begins with http:// or https://",
    "json": "is not valid JSON",
    "too": "has the wrong length",
}
"""By pydantic's name for the kind of error, or the first word of that name."""

_LIMITS: Final[Mapping[str, tuple[str, str]]] = {
    "greater_than": ("must be greater than {}", "gt"),
    "greater_than_equal": ("must be at least {}", "ge"),
    "less_than": ("must be less than {}", "lt"),
    "less_than_equal": ("must be at most {}", "le"),
    "string_too_long": ("must have at most {} characters", "max_length"),
    "too_long": ("must have at most {} entries", "max_length"),
}
"""A sentence for each kind of limit, and where pydantic puts the limit."""


def plain_words(fault: Mapping[str, Any]) -> str:
    """The end of a sentence for an entry of `ValidationError.errors()`; it contains no value.

    A message that a validator of ours raised is returned as it is.
    """
    kind, context = fault["type"], fault.get("ctx") or {}
    if kind == "value_error" or kind not in _KINDS:
        return str(fault["msg"]).removeprefix("Value error, ")
    if kind == "literal_error":
        return f"must be {context['expected']}".replace("'", "")
    if kind in _LIMITS:
        sentence, limit = _LIMITS[kind]
        return sentence.format(_number(context[limit]))
    if kind in {"string_too_short", "too_short"}:
        return "must not be empty"
    return _WORDS.get(kind) or _WORDS.get(kind.partition("_")[0], "cannot be used")


def placed_words(fault: Mapping[str, Any]) -> str:
    """The place of such an entry and what is wrong there, such as `spec.name: must be text`."""
    return f"{'.'.join(map(str, fault['loc']))}: {plain_words(fault)}"


def _number(limit: object) -> str:
    return f"{limit:.0f}" if isinstance(limit, float) and limit.is_integer() else str(limit)
