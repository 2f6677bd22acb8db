"""Texts in reports. Clients choose host names, and the platform's errors may quote anything."""

from typing import Final

LONGEST_TEXT: Final = 500


def plain(text: str) -> str:
    """The text, cut to 500 characters, with `?` for each character that is not printable."""
    cut = text[:LONGEST_TEXT]
    return cut if cut.isprintable() else "".join(c if c.isprintable() else "?" for c in cut)
