"""Texts that people give: what no name and no description may contain.

Pages, logs and the audit log show names in one line. A name with a line end would look like two
lines there, and one with invisible characters like another name.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import urlsplit

CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What no text may contain: control characters but tab and line ends. SQLite stops at NUL."""

_SCHEMES: Final = frozenset({"grpc", "grpcs", "http", "https", "tcp", "ws", "wss"})
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Categories of Unicode: control and format characters, and ends of lines and paragraphs."""


def one_line(text: str) -> str:
    """The text; raise ValueError if it is blank, or has line ends or invisible characters."""
    if not text.strip():
        raise ValueError("must not be blank")
    if any(unicodedata.category(character) in _INVISIBLE for character in text):
        raise ValueError("remove the line ends and the invisible characters")
    return text


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same without regard to case, in every script.

    SQL's `lower` knows only ASCII in SQLite, and in PostgreSQL with some locales.
    """
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def visible(text: str) -> str:
    """The text with escapes, such as that of U+202E, in place of characters that show nothing.

    For what clients sent: such a character may turn the order of the letters after it around.
    """
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in _INVISIBLE
        else character
        for character in text
    )


def prose(text: str) -> str:
    """The text, of any number of lines; raise ValueError if it has other control characters."""
    if CONTROL_CHARACTERS.search(text):
        raise ValueError("remove the control characters")
    return text


def address(text: str) -> str:
    """The URL of a service; raise ValueError if it has no host, or its port is no port."""
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in _SCHEMES and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or any(character.isspace() for character in text):
        raise ValueError("must be a URL such as https://api.example.com/orders")
    return one_line(text)
