# mypyc: compiled
"""Text that clients choose: cut to the platform's limits, and decoded whatever it contains."""

from typing import Final

_MOST_BYTES: Final = 4
"""The most bytes that one character has in UTF-8."""


def text(raw: bytes, characters: int) -> str:
    """At most that many characters. Bytes that are not UTF-8 become U+FFFD."""
    decoded = cut(raw, characters).decode("utf-8", "replace")
    return decoded if len(decoded) <= characters else decoded[:characters]


def cut(raw: bytes, characters: int) -> bytes:
    """At most as many bytes as that many characters can have."""
    limit = _MOST_BYTES * characters
    return raw if len(raw) <= limit else raw[:limit]
