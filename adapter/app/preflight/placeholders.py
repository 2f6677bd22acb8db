"""The values of the example, which everybody knows."""

from typing import Final

_PLACEHOLDERS: Final = frozenset(
    {"change-me", "changeme", "change_me", "00000000-0000-0000-0000-000000000000"}
)


def is_placeholder(text: str) -> bool:
    """Whether nobody has replaced it."""
    return text.strip().lower() in _PLACEHOLDERS
