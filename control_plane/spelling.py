"""Finds what somebody meant by a name that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_SIMILAR: Final = 0.7
"""How similar names have to be, from 0 to 1 (`difflib.SequenceMatcher.ratio`)."""
_FEWEST_LETTERS: Final = 3
"""Of a name that may be a part of the only name meant: `timePeriod`."""
_MAX_CHARS: Final = 64
"""Comparing longer names would take long, and no known name has more."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean ...?`, or an empty text if no known name is similar.

    Upper and lower case, hyphens and underscores make no difference.
    """
    wanted = _letters(name[:_MAX_CHARS])
    by_letters = {_letters(each): each for each in known}
    near = [letters for letters in by_letters if letters.startswith(wanted)]
    if len(wanted) < _FEWEST_LETTERS or len(near) != 1:
        near = get_close_matches(wanted, by_letters, n=1, cutoff=_SIMILAR)
    if not near and len(wanted) >= _FEWEST_LETTERS:
        near = [letters for letters in by_letters if wanted in letters]
    return f"did you mean {by_letters[near[0]]}?" if len(near) == 1 else ""


def _letters(name: str) -> str:
    letters = name.casefold().replace("-", "").replace("_", "")
    # The vendor's lists had other names once.
    return letters.replace("whitelist", "allowlist").replace("blacklist", "blocklist")
