"""Compiles the regular expressions that admins write, with bounds on what they cost.

RE2 matches in linear time (github.com/google/re2), so no request makes a match take exponential
time. But RE2 expands counted repetitions such as `a{100}`, and uses memory for the states that it
has met. So patterns have a maximum size and a maximum length of the texts that they match.
"""

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import re2

MAX_CHARS: Final = 2_000
MAX_INSTRUCTIONS: Final = 3_000
"""Size of the program that RE2 makes of a pattern. `.{375}` has about this size."""
_MAX_MEMORY: Final = 1 << 20
"""Bytes for the program and for the states that RE2 keeps."""
_SHOWN_CHARS: Final = 80
_MOST_STEPS: Final = 1 << 18
"""Instructions times characters up to which RE2 visits each pair once (bitstate.cc): about a
millisecond. Beyond that, a count in braces can make RE2 build many states that it hardly uses
again, at 10 us per character: `.*[ab].{100}` took 30 ms on a path of 4,096 characters.
"""
_MOST_CHARACTERS: Final = 3 << 15
"""Characters times patterns for one Check: about a millisecond at 8 ns for each."""
_SHORTEST_BOUND: Final = 256
"""Each pattern must be able to match texts of this many characters."""
MOST_PATTERNS: Final = _MOST_CHARACTERS // _SHORTEST_BOUND
"""Patterns that can be matched against one text."""
_ONE_GROUP: Final = re.compile(r"\^?\((?:\?:)?([^()]*)\)\$?")
_FEWEST_CHARACTERS: Final = 1_024
"""Usual requests have fewer characters in the names of their headers."""


def compile_pattern(
    pattern: str, *, ignore_case: bool = False, max_memory: int = _MAX_MEMORY
) -> Any:
    """Compile a pattern; groups do not capture.

    With less `max_memory` (bytes), RE2 gives up earlier on keeping states that a hostile text makes
    useless. That improves the worst case and makes patterns with very many states slower.

    Raises ValueError. Its text continues a sentence that begins with the pattern: `is longer than
    2,000 characters`.
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
    """A compiled pattern for texts that clients choose."""

    compiled: Any
    longest: int
    """Longest text, in characters, that it matches within about a millisecond."""


def compile_bounded(pattern: str, longest: int) -> BoundedPattern:
    """Compile a pattern for texts of up to `longest` characters; fewer if it has counts in braces.

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
    """Join valid patterns into as few as the bounds allow; together they match the same texts.

    The caller tries them one after the other, so fewer are faster.
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


def longest_text(patterns: int) -> int:
    """The longest text, in characters, that so many patterns may be matched against."""
    return _MOST_CHARACTERS // max(patterns, 1)


def most_characters(patterns: Iterable[str], together: tuple[Any, ...]) -> int:
    """How many characters the texts of one Check may have that patterns are matched against.

    `together` are the same patterns, joined by `compile_together`.
    """
    most = longest_text(len(together))
    if not any("{" in pattern for pattern in patterns):
        return most
    instructions: int = sum(each.programsize for each in together)
    return min(most, max(_FEWEST_CHARACTERS, _MOST_STEPS // instructions))


def shown(pattern: str) -> str:
    """The pattern, shortened for a message."""
    if len(pattern) <= _SHOWN_CHARS:
        return pattern
    return f"{pattern[:_SHOWN_CHARS]}... ({len(pattern):,} characters)"


def alternatives(pattern: str) -> list[str]:
    """The alternatives of a plain list such as `GET|PUT` or `^(GET|PUT)$`; else the pattern."""
    group = _ONE_GROUP.fullmatch(pattern)
    inner = group[1] if group else pattern
    if any(character in inner for character in "()[]\\"):
        return [pattern]
    return [each.removeprefix("^").removesuffix("$") for each in inner.split("|")]


def can_begin_with(pattern: str, character: str) -> bool:
    """Whether a valid pattern can match any text that begins with that ASCII character.

    RE2 gives the smallest and the greatest text that can match. If no text between them begins with
    the character, the pattern never matches one.
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
    """The message of an RE2 error, which may be bytes."""
    (message,) = error.args
    return message.decode(errors="replace") if isinstance(message, bytes) else str(message)
