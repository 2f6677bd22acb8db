"""The functions on text. They accept null where DataWeave's functions do."""

import re
from collections.abc import Callable
from typing import Final

from adapter.policy.expression.values import (
    MAX_ITEMS,
    MAX_SIZE,
    EvaluationFault,
    Value,
    to_text,
    type_name,
)

MAX_PART: Final = 128
"""Characters of the text that a function searches for. The limit keeps the search linear."""

_BLANK: Final = "".join(map(chr, range(0x21)))
"""What the vendor's `trim` removes: all characters up to the space, and no other white space."""

_DIGITS: Final = re.compile(r"[0-9]+")


def text_of(function: str, value: Value) -> str:
    """The value as text. Raises EvaluationFault, which names the function."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, tuple | dict):
        raise EvaluationFault(f"{function} cannot take {type_name(value)}")
    return to_text(value) or ""


def part_of(function: str, value: Value) -> str:
    """The text to search for."""
    part = text_of(function, value)
    if len(part) > MAX_PART:
        raise EvaluationFault(f"{function} cannot search for more than {MAX_PART} characters")
    return part


def on_text(name: str, change: Callable[[str], str]) -> Callable[[Value], Value]:
    """A function of one text. Null stays null."""
    return lambda value: None if value is None else change(text_of(name, value))


def trimmed(text: str) -> str:
    """The text without spaces and control characters at both ends."""
    return text.strip(_BLANK)


def is_blank(value: Value) -> Value:
    """Whether the text is null, empty or has only spaces and control characters."""
    return value is None or not trimmed(text_of("isBlank", value))


def is_numeric(value: Value) -> Value:
    """Whether the text consists of digits only."""
    return value is not None and _DIGITS.fullmatch(text_of("isNumeric", value)) is not None


def concatenated(left: Value, right: Value) -> Value:
    """`++` on two texts or two arrays; numbers and booleans become text."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) + len(right) > MAX_ITEMS:
            raise EvaluationFault(f"++ cannot build more than {MAX_ITEMS} items")
        return left + right
    return bounded("++", text_of("++", left) + text_of("++", right))


def bounded(function: str, text: str) -> str:
    """Return the text; raises EvaluationFault if it is too long."""
    if len(text) > MAX_SIZE:
        raise EvaluationFault(f"{function} cannot build more than {MAX_SIZE} characters")
    return text


def starts_with(whole: Value, part: Value) -> Value:
    """Whether the text starts with the part; false for null."""
    if whole is None:
        return False
    return text_of("startsWith", whole).startswith(text_of("startsWith", part))


def ends_with(whole: Value, part: Value) -> Value:
    """Whether the text ends with the part; false for null."""
    if whole is None:
        return False
    return text_of("endsWith", whole).endswith(text_of("endsWith", part))


def split_by(text: Value, separator: Value) -> Value:
    """The parts between separators, without empty parts at the end."""
    if text is None:
        return None
    whole, mark = text_of("splitBy", text), part_of("splitBy", separator)
    if not whole:
        return ("",)
    parts = whole.split(mark, MAX_ITEMS) if mark else list(whole[: MAX_ITEMS + 1])
    if len(parts) > MAX_ITEMS:
        raise EvaluationFault(f"splitBy cannot build more than {MAX_ITEMS} items")
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def joined(items: Value, separator: Value) -> Value:
    """The items as one text."""
    if items is None:
        return None
    mark = text_of("joinBy", separator)
    if not isinstance(items, tuple):
        raise EvaluationFault(f"joinBy cannot take {type_name(items)}")
    texts = [text_of("joinBy", item) for item in items]
    if sum(map(len, texts)) + len(mark) * len(texts) > MAX_SIZE:
        raise EvaluationFault(f"joinBy cannot build more than {MAX_SIZE} characters")
    return mark.join(texts)


def replaced(text: Value, part: Value, replacement: Value) -> Value:
    """`text replace part with replacement`, everywhere."""
    if text is None:
        return None
    whole, mark = text_of("replace", text), part_of("replace", part)
    times = whole.count(mark)
    if not times:
        return whole
    new = text_of("replace", replacement)
    if len(whole) + times * len(new) > MAX_SIZE:
        raise EvaluationFault(f"replace cannot build more than {MAX_SIZE} characters")
    return whole.replace(mark, new)


def substring(name: str, *, before: bool, last: bool) -> Callable[[Value, Value], Value]:
    """One of the four `substring...` functions. Without a match, the result is an empty text."""

    def of(text: Value, separator: Value) -> Value:
        if text is None:
            return None
        whole, mark = text_of(name, text), part_of(name, separator)
        at = _last(whole, mark) if last else whole.find(mark)
        if at < 0:
            return ""
        return whole[:at] if before else whole[at + len(mark) :]

    return of


def _last(whole: str, mark: str) -> int:
    """The start of the last match of a search from the left; -1 without a match."""
    if not mark:
        return len(whole)
    *_, after = whole.split(mark)
    return -1 if len(after) == len(whole) else len(whole) - len(after) - len(mark)
