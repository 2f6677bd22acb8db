# mypyc: compiled
"""The values of expressions, their conversion to text, and their equality."""

from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

from adapter.policy.expression.numbers import number_from_json, number_text

Value: TypeAlias = str | Decimal | bool | tuple["Value", ...] | dict[str, Any] | None
"""Numbers are exact decimals; a dict is an object of a token's claims; None is null."""

MAX_SIZE: Final = 65_536
"""Characters of a text that an expression builds. Envoy's headers are shorter."""

MAX_ITEMS: Final = 1_000
"""Items of an array."""


class Failed(NamedTuple):
    """The result of an expression that fails for this request."""

    why: str
    """The reason, for operators. It names types, never values."""


class EvaluationFault(Exception):  # noqa: N818 - not an error: it never leaves the package
    """A failure inside nested closures. `Expression` converts it to `Failed`."""


def type_name(value: Value) -> str:
    """DataWeave's name for the type of a value."""
    if value is None:
        return "Null"
    names = {str: "String", Decimal: "Number", bool: "Boolean", dict: "Object"}
    return names.get(type(value), "Array")


def from_json(value: object) -> Value:
    """Convert a JSON value; raises EvaluationFault if expressions cannot represent it."""
    if value is None or isinstance(value, str | bool | dict):
        return value
    if isinstance(value, list | tuple):
        return _array(value)
    number = number_from_json(value)
    if number is None:
        raise EvaluationFault(
            "a Number cannot be represented: it is infinite or has too many digits"
        )
    return number


def _array(items: list[Any] | tuple[Any, ...]) -> Value:
    if len(items) > MAX_ITEMS:
        raise EvaluationFault(f"an Array cannot have more than {MAX_ITEMS} items")
    if any(isinstance(item, list | tuple) for item in items):
        raise EvaluationFault("an Array in a token's claims cannot contain other Arrays")
    return tuple([from_json(item) for item in items])


def to_text(value: Value) -> str | None:
    """Convert to text. Null stays None. Raises EvaluationFault for arrays and objects."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return number_text(value)
    raise EvaluationFault(f"an {type_name(value)} cannot be converted to text")


def same(left: Value, right: Value) -> bool:
    """DataWeave's `==`: equal in type and value, without coercion."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        raise EvaluationFault("== cannot compare an Object with an Object")
    return type(left) is type(right) and left == right
