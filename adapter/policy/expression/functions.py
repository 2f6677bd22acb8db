"""The functions of the subset; null where DataWeave's own are null-friendly."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from adapter.policy.expression.values import (
    MAX_SIZE,
    EvaluationFault,
    Value,
    same,
    to_text,
    type_name,
)

Unary: TypeAlias = Callable[[Value], Value]
Binary: TypeAlias = Callable[[Value, Value], Value]


def _text(function: str, value: Value) -> str:
    text = None if isinstance(value, tuple) else to_text(value)
    if text is None:
        raise EvaluationFault(f"{function} does not take {type_name(value)}")
    return text


def concatenated(left: Value, right: Value) -> Value:
    """`++` on two texts or two arrays; numbers and booleans become text."""
    whole: str | tuple[Value, ...]
    if isinstance(left, tuple) and isinstance(right, tuple):
        whole = left + right
    else:
        whole = _text("++", left) + _text("++", right)
    if len(whole) > MAX_SIZE:
        raise EvaluationFault(f"++ does not build more than {MAX_SIZE} characters or items")
    return whole


def _on_text(name: str, change: Callable[[str], str]) -> Unary:
    return lambda value: None if value is None else change(_text(name, value))


def _size_of(value: Value) -> Value:
    if value is None:
        return 0.0
    return float(len(value if isinstance(value, tuple) else _text("sizeOf", value)))


def _contains(whole: Value, part: Value) -> Value:
    if whole is None:
        return False
    if isinstance(whole, tuple):
        return any(same(item, part) for item in whole)
    return _text("contains", part) in _text("contains", whole)


def _split_by(text: Value, separator: Value) -> Value:
    if text is None:
        return None
    whole, mark = _text("splitBy", text), _text("splitBy", separator)
    return tuple(whole.split(mark)) if mark else tuple(whole)


def _substring(name: str, *, before: bool, last: bool) -> Binary:
    """One of the four; as in `dw::core::Strings`, without a match `after` is empty.

    `substringBefore` of a text without the separator is empty too.
    """

    def substring(text: Value, separator: Value) -> Value:
        if text is None:
            return None
        whole, mark = _text(name, text), _text(name, separator)
        at = whole.rfind(mark) if last else whole.find(mark)
        if at < 0:
            return ""
        return whole[:at] if before else whole[at + len(mark) :]

    return substring


UNARY: Final[Mapping[str, Unary]] = MappingProxyType(
    {
        "lower": _on_text("lower", str.lower),
        "upper": _on_text("upper", str.upper),
        "trim": _on_text("trim", str.strip),
        "sizeOf": _size_of,
    }
)

BINARY: Final[Mapping[str, Binary]] = MappingProxyType(
    {
        "contains": _contains,
        "splitBy": _split_by,
        "substringBefore": _substring("substringBefore", before=True, last=False),
        "substringAfter": _substring("substringAfter", before=False, last=False),
        "substringBeforeLast": _substring("substringBeforeLast", before=True, last=True),
        "substringAfterLast": _substring("substringAfterLast", before=False, last=True),
    }
)
"""Callable as `f(a, b)` and as `a f b`."""


def _ordered(symbol: str, compare: Callable[[float, float], bool]) -> Binary:
    def ordered(left: Value, right: Value) -> Value:
        if type(left) is not type(right) or not isinstance(left, str | float):
            raise EvaluationFault(
                f"{symbol} does not compare {type_name(left)} with {type_name(right)}"
            )
        return compare(left, right)  # type: ignore[arg-type] # both are of one ordered type

    return ordered


COMPARISONS: Final[Mapping[str, Binary]] = MappingProxyType(
    {
        "==": same,
        "!=": lambda left, right: not same(left, right),
        "<": _ordered("<", lambda a, b: a < b),
        ">": _ordered(">", lambda a, b: a > b),
        "<=": _ordered("<=", lambda a, b: a <= b),
        ">=": _ordered(">=", lambda a, b: a >= b),
    }
)
