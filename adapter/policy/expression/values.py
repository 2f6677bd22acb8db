"""What an expression can evaluate to, and how values turn into text and compare."""

from typing import NamedTuple, TypeAlias

Value: TypeAlias = str | float | bool | tuple["Value", ...] | None
"""Numbers are 64-bit floating point, as on the vendor's gateway; None is DataWeave's null."""

MAX_SIZE = 65_536
"""Characters, or items of an array, that an expression may build; Envoy's headers are shorter."""


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
    return {str: "String", float: "Number", bool: "Boolean"}.get(type(value), "Array")


def from_json(value: object) -> Value:
    """What a JSON text says; raises EvaluationFault for an object, and for arrays in arrays."""
    if isinstance(value, list | tuple):
        if any(isinstance(item, list | tuple) for item in value):
            raise EvaluationFault("an Array of Arrays is not supported")
        return tuple(map(from_json, value))
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise EvaluationFault("a Number is too large") from None
    if value is None or isinstance(value, str | float | bool):
        return value
    raise EvaluationFault("an Object is not supported")


def to_text(value: Value) -> str | None:
    """The value where text is wanted; null stays None; raises EvaluationFault for an array."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    raise EvaluationFault("an Array cannot be used as text")


def same(left: Value, right: Value) -> bool:
    """DataWeave's `==`: equal in type and value, without coercion."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right
