"""What became of one object of the dump."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

Status: TypeAlias = Literal["exact", "approximated", "refused"]
_STATUSES: Final[tuple[Status, ...]] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Item:
    """One object: its place in the dump, its status and what a person must know or do."""

    source: str
    """Such as `ServiceBinding shop/orders`."""
    status: Status
    notes: tuple[str, ...] = ()
    """Why it is not exact, with the fix. They contain no value of a credential."""
    binding: dict[str, Any] | None = None
    """The ApiBinding; None if the object makes none by itself."""


def report(items: Sequence[Item]) -> str:
    """The items for people: a line for each, its notes below it, and the numbers at the end.

    Names of the dump may contain characters that make a terminal do something else.
    """
    lines = []
    for item in items:
        lines.append(f"{item.status:<13}{_printable(item.source)}{_result(item)}")
        lines += [f"{'':<13}  {_printable(note)}" for note in item.notes]
    counts = Counter(item.status for item in items)
    numbers = ", ".join(f"{counts[status]} {status}" for status in _STATUSES)
    return "\n".join([*lines, f"{len(items)} object{'' if len(items) == 1 else 's'}: {numbers}"])


def _result(item: Item) -> str:
    if item.binding is None:
        return ""
    metadata = item.binding["metadata"]
    return f" -> ApiBinding {metadata['namespace']}/{metadata['name']}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
