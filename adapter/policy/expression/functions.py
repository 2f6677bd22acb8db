"""The functions of the subset, by name."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

from adapter.policy.expression import texts
from adapter.policy.expression.texts import part_of, substring, text_of
from adapter.policy.expression.values import EvaluationFault, Value, same, type_name

_COPY: Final = 1
_STRIP: Final = 8
_SEARCH: Final = 16
_CHANGE: Final = 32


class Function(NamedTuple):
    """A function with one to three arguments. It may raise EvaluationFault."""

    apply: Callable[..., Value]
    arity: int
    char_steps: int = 0
    """Steps per character of an argument, measured for the worst case: see `effort`."""


def _size_of(value: Value) -> Value:
    if value is None:
        return None
    if isinstance(value, str | tuple | dict):
        return Decimal(len(value))
    return Decimal(len(text_of("sizeOf", value)))


def _is_empty(value: Value) -> Value:
    return value is None or (isinstance(value, str | tuple | dict) and not value)


def _contains(whole: Value, part: Value) -> Value:
    if whole is None:
        return False
    if isinstance(whole, tuple):
        return any(same(item, part) for item in whole)
    if isinstance(whole, dict):
        raise EvaluationFault(f"contains cannot take {type_name(whole)}")
    return part_of("contains", part) in text_of("contains", whole)


CONCATENATION: Final = Function(texts.concatenated, 2, _COPY)

FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "contains": Function(_contains, 2, _SEARCH),
        "endsWith": Function(texts.ends_with, 2, _COPY),
        "isBlank": Function(texts.is_blank, 1, _STRIP),
        "isEmpty": Function(_is_empty, 1),
        "isNumeric": Function(texts.is_numeric, 1, _STRIP),
        "joinBy": Function(texts.joined, 2, _COPY),
        "lower": Function(texts.on_text("lower", str.lower), 1, _CHANGE),
        "replace": Function(texts.replaced, 3, _CHANGE),
        "sizeOf": Function(_size_of, 1),
        "splitBy": Function(texts.split_by, 2, _SEARCH),
        "startsWith": Function(texts.starts_with, 2, _COPY),
        "substringAfter": Function(
            substring("substringAfter", before=False, last=False), 2, _SEARCH
        ),
        "substringAfterLast": Function(
            substring("substringAfterLast", before=False, last=True), 2, _SEARCH
        ),
        "substringBefore": Function(
            substring("substringBefore", before=True, last=False), 2, _SEARCH
        ),
        "substringBeforeLast": Function(
            substring("substringBeforeLast", before=True, last=True), 2, _SEARCH
        ),
        "trim": Function(texts.on_text("trim", texts.trimmed), 1, _STRIP),
        "upper": Function(texts.on_text("upper", str.upper), 1, _CHANGE),
    }
)
"""Called as `f(a, b)`. Functions with two arguments can also be called as `a f b`."""

INFIX: Final = frozenset(name for name, function in FUNCTIONS.items() if function.arity == 2)
