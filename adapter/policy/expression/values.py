# mypyc: compiled
"""What an expression can evaluate to, and how values turn into text and compare."""

from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

from adapter.policy.expression.numbers import number_from_json, number_text

Value: TypeAlias = str | Decimal | bool | tuple["Value", ...] | dict[str, Any] | None
"""Numbers are exact decimals; a dict is an object of a token's claims; None is null."""

MAX_SIZE: Final = 65_536
"""Characters that an expression may build; Envoy's headers are shorter."""

MAX_ITEMS: Final = 1_000
"""Items of an array."""


class Failed(NamedTuple):
    """The outcome of an expression that has no value for this request."""

    why: str
    """For operators; names types, never values."""


class EvaluationFault(Exception):  # noqa: N818 - not an error: it never leaves the package
    """Carries a failure out of nested closures; `Expression` turns it into `Failed`."""


def type_name(value: Value) -> str:
    """What DataWeave calls the type of a value."""
    if value is None:
        return "Null"
    names = {str: "String", Decimal: "Number", bool: "Boolean", dict: "Object"}
    return names.get(type(value), "Array")


def from_json(value: object) -> Value:
    """What a JSON text says; raises EvaluationFault for what expressions can't hold."""
    if value is None or isinstance(value, str | bool | dict):
        return value
    if isinstance(value, list | tuple):
        return _array(value)
    number = number_from_json(value)
    if number is None:
        raise EvaluationFault("a Number does not fit: it is infinite or has too many digits")
    return number


def _array(items: list[Any] | tuple[Any, ...]) -> Value:
    if len(items) > MAX_ITEMS:
        raise EvaluationFault(f"an Array does not hold more than {MAX_ITEMS} items")
    if any(isinstance(item, list | tuple) for item in items):
        raise EvaluationFault("an Array of a token's claims does not hold other Arrays")
    return tuple([from_json(item) for item in items])


def to_text(value: Value) -> str | None:
    """The value where text is wanted; null stays None; raises EvaluationFault for the others."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return number_text(value)
    raise EvaluationFault(f"an {type_name(value)} does not turn into text")


def same(left: Value, right: Value) -> bool:
    """DataWeave's `==`: equal in type and value, without coercion."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        raise EvaluationFault("== does not compare an Object with an Object")
    return type(left) is type(right) and left == right
