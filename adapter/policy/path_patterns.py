"""Finds path patterns that match no path, or not those that were probably meant.

Policies with path patterns see only canonical paths (`request.canonical_path`). A pattern with a
blank is a fault, because it would not match the `%20` that clients send. One with `//` only gets a
warning, because requests for such a path are refused anyway.
"""

import re
from typing import Final
from urllib.parse import quote

from adapter.policy.bounded_patterns import alternatives, can_begin_with, shown
from adapter.policy.request.canonical_path import ESCAPED_ASCII

_PLACEHOLDER: Final = re.compile(
    r"(?<!\\p)(?<!\\P)(?<!\\x)\{[A-Za-z_](?:[^{}/]|\{[^{}/]*\})*\}|(?<!\(\?)(?<!\(\?P)<[A-Za-z_][\w:-]*>"
)
"""`{id}`, `{id:[0-9]+}`, `{proxy+}` and `<id>`, but not `{2}`, `\\p{Greek}` or `(?P<id>...)`."""
_OPTIONAL: Final = re.compile(r"\||[)}\]][?*]|\)\{|\(\?[a-zA-Z-]*i")
"""What may make a text in the pattern unnecessary, or written in another case."""
_QUESTION_MARK: Final = re.compile(r"\\\?|\[\?\]")
_PARAMETER: Final = re.compile(r"\?[A-Za-z0-9_-]+=")
_STAR: Final = re.compile(r"/\*(?=/|$)")
_NO_TEXT: Final = re.compile(
    r"\\[pPx]\{\^?\w+\}|\\[A-Za-z0-9]|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\(\?P?<\w+>|\\(.)"
)
"""The parts of a pattern that do not stand for themselves; the group is a character that does."""
_NO_QUANTIFIER: Final = "(?![?*{])"
_UNSENT: Final = re.compile(rf"(?:[\"#<>`]|[^\x21-\x7e]){_NO_QUANTIFIER}")
"""Characters that a path has only in another form, such as `%20` for a blank (RFC 3986, 3.3)."""
_REFUSED: Final = re.compile(
    rf"(?://|;|%(?!{ESCAPED_ASCII.replace('%', '')}|20|[89A-F][0-9A-F])[0-9A-Fa-f]{{2}})"
    + _NO_QUANTIFIER
)
"""Texts that no canonical path contains. A request with them is refused, so nothing gets past."""
_STANDS_FOR_ITSELF: Final = re.compile(r"(?<=/):[A-Za-z_][\w-]*|%7B[A-Za-z_][\w-]*%7D")
_DOTS: Final = re.compile(r"(?<=/)\.{1,2}(?=/|$)")


def objection_to_path(pattern: str) -> str | None:
    """Why a valid pattern never matches a path; None if it may match one."""
    if not can_begin_with(pattern, "/"):
        return (
            "never matches: it is matched against the whole path, which begins with '/'; write "
            "'/...' or '.*...'"
        )
    if _OPTIONAL.search(pattern):
        return None
    if _PLACEHOLDER.search(pattern):
        return (
            "never matches: it is a regular expression, in which braces stand for themselves; "
            f"write {shown(_PLACEHOLDER.sub('[^/]+', pattern))!r}"
        )
    if _QUESTION_MARK.search(pattern):
        return "never matches: it is matched against the path without its query; leave that out"
    unsent = _unsent(pattern)
    return None if unsent is None else f"never matches: it {unsent}"


def warning_on_path(pattern: str) -> str | None:
    """What a pattern that can be enforced probably does not mean; None if there is no doubt."""
    if _STAR.search(pattern):
        meant = _STAR.sub("/[^/]+", pattern.removesuffix("/*"))
        meant += "/.*" if pattern.endswith("/*") else ""
        return (
            "is a regular expression, in which '/*' stands for slashes only; for any text, "
            f"write {shown(meant)!r}"
        )
    if _PLACEHOLDER.search(pattern):
        return "has braces, which stand for themselves; write '[^/]+' for any part of a path"
    if _PARAMETER.search(pattern):
        return "is matched against the path without its query; leave the query out"
    return _warning_on_text(pattern) or _warning_on_alternatives(pattern) or _unsent(pattern)


def _warning_on_text(pattern: str) -> str | None:
    literal = _STANDS_FOR_ITSELF.search(pattern)
    if literal:
        return f"has {literal[0]!r}, which stands for itself; write '[^/]+' for any part of a path"
    refused = _REFUSED.search(_text_of(pattern))
    if refused:
        return (
            f"contains {refused[0]!r}, and requests with that in their path are refused "
            "(docs/policies/paths.md)"
        )
    dots = _DOTS.search(pattern)
    if dots:
        return f"has {dots[0]!r}, which stands for any characters; write '\\.' for a dot"
    return None


def _warning_on_alternatives(pattern: str) -> str | None:
    for each in alternatives(pattern):
        if each and not can_begin_with(each, "/"):
            return f"has the alternative {shown(each)!r}, which never matches: begin it with '/'"
    return None


def _unsent(pattern: str) -> str | None:
    """The first character of the pattern that no path has, and what to write instead."""
    found = _UNSENT.search(_text_of(pattern))
    if found is None:
        return None
    return f"contains {found[0]!r}, which no path contains; write {quote(found[0])!r}"


def _text_of(pattern: str) -> str:
    """The pattern with `()` for everything that does not stand for itself."""
    return _NO_TEXT.sub(lambda part: part[1] or "()", pattern)
