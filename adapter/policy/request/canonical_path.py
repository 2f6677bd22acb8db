"""Whether every service reads the same path from a request."""

import re
from typing import Final

import re2

from adapter.policy.verdicts import Deny, DenyReason

MAX_CHARS: Final = 4_096
"""Longest path that a rule may depend on. Clients choose its length; patterns read all of it."""

_UNESCAPED: Final = r"A-Za-z0-9_~!$&'()*+,=:@-"
"""Characters that a segment contains unescaped (RFC 3986, 3.3), without dots and semicolons."""
_NEXT: Final = "%[89AB][0-9A-F]"
ESCAPED_ASCII: Final = "%2[23]|%3[CEF]|%5[BDE]|%60|%7[BCD]"
"""Escapes of visible ASCII that no segment holds as it is."""
_ESCAPED: Final = "|".join(
    (
        ESCAPED_ASCII,
        f"%C2%[AB][0-9A-F]|%C[3-9A-F]{_NEXT}|%D[0-9A-F]{_NEXT}",  # UTF-8 (RFC 3629, 4) ...
        f"%E0%[AB][0-9A-F]{_NEXT}|%E[1-9A-CEF]{_NEXT}{_NEXT}|%ED%[89][0-9A-F]{_NEXT}",
        f"%F0%[9AB][0-9A-F]{_NEXT}{_NEXT}|%F[1-3]{_NEXT}{_NEXT}{_NEXT}|%F4%8[0-9A-F]{_NEXT}{_NEXT}",
    )
)
"""Escapes without another spelling: capital digits, shortest UTF-8 form, no control characters."""
_NO_DOT: Final = f"(?:[{_UNESCAPED}]|{_ESCAPED})"
_NO_BLANK: Final = f"(?:[.{_UNESCAPED}]|{_ESCAPED})"
_BLANKS: Final = "(?:%20)"
_SEGMENT: Final = (
    # Some servers drop blanks at the ends of a segment; `.` and `..` are no names (5.2.4).
    rf"(?:\.{{0,2}}{_NO_DOT}|\.{{3}}|\.{{1,2}}{_BLANKS}+{_NO_BLANK})(?:{_BLANKS}*{_NO_BLANK})*"
)
_CANONICAL: Final = re2.compile(f"/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?")
_PLAIN: Final = re.compile(f"/|(?:/[{_UNESCAPED}][.{_UNESCAPED}]*)+/?")
"""Matches most paths for less than RE2 costs. It is linear because no segment holds a slash."""


AMBIGUOUS_PATH: Final = Deny(
    DenyReason.AMBIGUOUS_PATH,
    400,
    "The path is ambiguous",
    detail="not canonical (docs/policies/paths.md); set normalize_path, merge_slashes and "
    "path_with_escaped_slashes_action in Envoy's HTTP connection manager",
)
"""For requests to a rule that depends on the path, if the path can be read in several ways."""
PATH_TOO_LONG: Final = Deny(
    DenyReason.MALFORMED_REQUEST,
    414,
    "The path is too long",
    detail="a policy or a binding looks at the path, and it has more than 4,096 characters, or "
    "more than a pattern with counts in braces allows (docs/policies/paths.md)",
)
"""For requests to a rule that depends on the path, if matching it would delay other requests."""


def obstacle_in(path: str, longest: int = MAX_CHARS) -> Deny | None:
    """Why no rule can depend on that path (without query); None if the path has one meaning.

    `longest` is the longest path, in characters, that the patterns of the rules may be matched
    against.

    Envoy forwards the path that it sent us. If the upstream reads it differently, a request for
    `/public/..%2fadmin` gets around a rule on `/admin`.
    """
    if len(path) > longest:
        return PATH_TOO_LONG
    return None if is_canonical(path) else AMBIGUOUS_PATH


def is_canonical(path: str) -> bool:
    """Whether a path (without query) is the only way to write what it means.

    Such a path stays the same if a server decodes it, merges slashes, resolves dots, drops path
    parameters and encodes it again. Example: `/a/b` is canonical; `/a//b`, `/a/./b` and `/%61/b`
    are not.
    """
    return _PLAIN.fullmatch(path) is not None or _CANONICAL.fullmatch(path.encode()) is not None
