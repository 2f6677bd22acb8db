# mypyc: compiled
"""Compares two values, and decides what counts as a Boolean."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from adapter.policy.expression.numbers import number_from_text
from adapter.policy.expression.values import EvaluationFault, Value, same, type_name

Comparison: TypeAlias = Callable[[Value, Value], bool]

_LONGEST_BOOLEAN: Final = len("false")


def truth(operator: str, value: Value) -> bool:
    """The Boolean that a text says: true or false in any case; raises EvaluationFault otherwise."""
    if isinstance(value, str) and len(value) <= _LONGEST_BOOLEAN:
        lower = value.lower()
        if lower in ("true", "false"):
            return lower == "true"
    raise EvaluationFault(f"{operator} needs a Boolean, not {type_name(value)}")


def condition(value: Value) -> bool:
    """The condition of `if`: a Boolean, or exactly the text true or false."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise EvaluationFault(f"if needs a Boolean, not {type_name(value)}")


def _ordered(symbol: str, compare: Callable[[Any, Any], bool]) -> Comparison:
    def ordered(left: Value, right: Value) -> bool:
        if isinstance(left, str) and not isinstance(right, str):
            left = _like(right, left, symbol)
        elif isinstance(right, str) and not isinstance(left, str):
            right = _like(left, right, symbol)
        if type(left) is not type(right) or not isinstance(left, str | Decimal | bool):
            raise EvaluationFault(
                f"{symbol} cannot compare {type_name(left)} with {type_name(right)}"
            )
        return compare(left, right)

    return ordered


def _like(other: Value, text: str, symbol: str) -> Value:
    """The text, converted to the type of the other value."""
    if isinstance(other, bool):
        return truth(symbol, text)
    if isinstance(other, Decimal):
        number = number_from_text(text)
        if number is None:
            raise EvaluationFault(
                f"{symbol} cannot compare a Number with text that is not a number"
            )
        return number
    return text


COMPARISONS: Final[Mapping[str, Comparison]] = MappingProxyType(
    {
        "==": same,
        "!=": lambda left, right: not same(left, right),
        "<": _ordered("<", lt),
        ">": _ordered(">", gt),
        "<=": _ordered("<=", le),
        ">=": _ordered(">=", ge),
    }
)
