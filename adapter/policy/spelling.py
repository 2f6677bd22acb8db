"""Finds what an admin meant by a name that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_SIMILAR: Final = 0.7
"""How similar names have to be, from 0 to 1 (`difflib.SequenceMatcher.ratio`)."""
_MAX_CHARS: Final = 64
"""Comparing longer names would take long, and no known name has more."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean ...?`, or an empty text if no known name is similar.

    Upper and lower case, hyphens and underscores make no difference, so `ip-allow-list` and
    `Ip_Allowlist` are both `ip-allowlist`.
    """
    by_letters = {_letters(each): each for each in known}
    near = get_close_matches(_letters(name[:_MAX_CHARS]), by_letters, n=1, cutoff=_SIMILAR)
    return f"did you mean {by_letters[near[0]]}?" if near else ""


def _letters(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "")
