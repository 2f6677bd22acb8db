"""Finds path patterns that match no path, or not those that were probably meant."""

import re
from typing import Final

from adapter.policy.bounded_patterns import can_begin_with, shown

_PLACEHOLDER: Final = re.compile(r"(?<!\\p)(?<!\\P)(?<!\\x)\{[A-Za-z_][A-Za-z0-9_-]*\}")
_OPTIONAL: Final = re.compile(r"\||[)}\]][?*]")
_QUESTION_MARK: Final = re.compile(r"\\\?|\[\?\]")
_PARAMETER: Final = re.compile(r"\?[A-Za-z0-9_-]+=")


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
    return None


def warning_on_path(pattern: str) -> str | None:
    """What a pattern that can be enforced probably does not mean; None if there is no doubt."""
    if pattern.endswith("/*"):
        return (
            "is a regular expression, in which '/*' stands for slashes only; for all paths below "
            f"it, write {shown(pattern[:-1] + '.*')!r}"
        )
    if _PLACEHOLDER.search(pattern):
        return "has braces, which stand for themselves; write '[^/]+' for any part of a path"
    if _PARAMETER.search(pattern):
        return "is matched against the path without its query; leave the query out"
    return None
