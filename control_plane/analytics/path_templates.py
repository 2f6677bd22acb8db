"""Path templates: `/orders/1042/items` and `/orders/7/items` are both `/orders/{id}/items`.

A ranking of paths would otherwise have a row for each order.
"""

import re
from functools import lru_cache
from typing import Final

MAX_LENGTH: Final = 200
"""Characters of a template; the rest is cut."""

_MAX_SEGMENTS: Final = 12

# Numbers, hexadecimal ids, UUIDs, mail addresses, and long tokens with a digit. A long word
# without a digit is a name.
_ID: Final = re.compile(
    r"""[0-9][0-9.,:_-]*
      | (?=.*[0-9])[0-9a-fA-F]{6,}
      | [0-9a-fA-F]{16,}
      | [{]?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}[}]?
      | [^@]+(?:@|%40)[^@]+
      | (?=.*[0-9]).{20,}
      | .{48,}""",
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=10_000)
def path_template(path: str) -> str:
    """The path with `{id}` in place of each segment that looks like an id.

    What follows the twelfth slash is `{more}`.
    """
    segments = path.split("/", _MAX_SEGMENTS)
    if len(segments) > _MAX_SEGMENTS:
        segments[-1] = "{more}"
    return "/".join(map(_part, segments))[:MAX_LENGTH]


def _part(segment: str) -> str:
    return "{id}" if _ID.fullmatch(segment) else segment
