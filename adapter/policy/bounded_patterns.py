"""Regular expressions that admins write: the one place that compiles them.

RE2 matches in linear time (github.com/google/re2), so a client cannot make a match explode. But it
writes a counted repetition out, and takes memory for what it has seen. So a pattern has bounds.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import re2

MAX_CHARS: Final = 2_000
MAX_INSTRUCTIONS: Final = 3_000
"""Of the program that RE2 makes of a pattern. `.{375}` takes about so many."""
_MAX_MEMORY: Final = 1 << 20
"""Octets for the program and for what RE2 remembers of the texts it has matched."""
_SHOWN_CHARS: Final = 80
_MOST_STEPS: Final = 1 << 18
"""Instructions times characters up to which RE2 visits each pair once (bitstate.cc), which takes
a millisecond. Beyond, a count in braces can make it build states that it hardly ever uses again,
for 10 us a character: `.*[ab].{100}` took 30 ms on a path of 4,096 characters.
"""
_SHORTEST_BOUND: Final = 256
"""Characters that each pattern has to bear."""


def compile_pattern(
    pattern: str, *, ignore_case: bool = False, max_memory: int = _MAX_MEMORY
) -> Any:
    """A pattern of RE2, compiled; it has no groups.

    With less memory (octets), RE2 sooner stops to remember states that a text makes anew all the
    time: that bounds the worst case, and costs patterns of very many states their best one.

    Raises ValueError whose text goes on after the pattern: `is longer than ...`.
    """
    if len(pattern) > MAX_CHARS:
        raise ValueError(f"is longer than {MAX_CHARS:,} characters")
    try:
        compiled = re2.compile(pattern, _options(ignore_case=ignore_case, max_memory=max_memory))
    except re2.error as e:
        raise ValueError(f"is not a regular expression of RE2: {shown(_text(e))}") from None
    if compiled.programsize > MAX_INSTRUCTIONS:
        raise ValueError(
            f"is too large: it has {compiled.programsize:,} instructions in RE2, and "
            f"{MAX_INSTRUCTIONS:,} are allowed; use smaller counts in braces, or * and +"
        )
    return compiled


class BoundedPattern(NamedTuple):
    """A pattern for texts that clients choose."""

    compiled: Any
    longest: int
    """Characters of a text that it takes a millisecond at most to match."""


def compile_bounded(pattern: str, longest: int) -> BoundedPattern:
    """A pattern for texts of at most so many characters, fewer where it has counts in braces.

    Raises ValueError like `compile_pattern`.
    """
    compile_pattern(pattern)
    # RE2 visits each pair once only where it has to find groups.
    compiled = re2.compile(f"({pattern})", _options(captures=True))
    if "{" not in pattern:
        return BoundedPattern(compiled, longest)
    bound = _MOST_STEPS // compiled.programsize
    if bound < _SHORTEST_BOUND:
        raise ValueError(
            f"is too large: with counts in braces it has {compiled.programsize:,} instructions in "
            f"RE2, and {_MOST_STEPS // _SHORTEST_BOUND:,} are allowed; use smaller counts, or * "
            "and +"
        )
    return BoundedPattern(compiled, min(bound, longest))


def compile_together(patterns: Iterable[str], *, ignore_case: bool = False) -> tuple[Any, ...]:
    """Few patterns that together match what any of these good ones matches.

    As few as the bounds allow, since whoever uses them tries one after the other.
    """
    compiled: list[Any] = []
    together: list[str] = []
    for pattern in patterns:
        longer = "|".join(f"(?:{each})" for each in (*together, pattern))
        try:
            both = compile_pattern(longer, ignore_case=ignore_case) if together else None
        except ValueError:
            both = None
        if both is None:
            together = [pattern]
            compiled.append(compile_pattern(pattern, ignore_case=ignore_case))
        else:
            together.append(pattern)
            compiled[-1] = both
    return tuple(compiled)


def shown(pattern: str) -> str:
    """The pattern, or as much of it as fits into a message."""
    if len(pattern) <= _SHOWN_CHARS:
        return pattern
    return f"{pattern[:_SHOWN_CHARS]}... ({len(pattern):,} characters)"


def can_begin_with(pattern: str, character: str) -> bool:
    """Whether some text that begins with an ASCII character matches the whole of a good pattern.

    RE2 tells the least and the greatest text that can match. A range without such a text proves
    that there is none.
    """
    try:
        anchored = re2.compile(f"^(?:{pattern})$", _options())
        least, greatest = anchored.possiblematchrange(1)
    except re2.error:
        return True
    return bool(least[:1] <= character.encode() <= greatest[:1])


def _options(
    *, ignore_case: bool = False, captures: bool = False, max_memory: int = _MAX_MEMORY
) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = not captures
    options.max_mem = max_memory
    options.case_sensitive = not ignore_case
    return options


def _text(error: re2.error) -> str:
    """RE2 gives its message in octets."""
    (message,) = error.args
    return message.decode(errors="replace") if isinstance(message, bytes) else str(message)
