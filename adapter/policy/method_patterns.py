"""Finds method patterns that match no request, because such a policy would never apply."""

import re
from typing import Any, Final

from adapter.policy.bounded_patterns import alternatives, compile_pattern
from adapter.policy.spelling import did_you_mean

METHODS: Final = (
    "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "CONNECT", "COPY", "DELETE", "GET",
    "HEAD", "LABEL", "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL",
    "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "OPTIONS", "ORDERPATCH", "PATCH", "POST", "PRI",
    "PROPFIND", "PROPPATCH", "PURGE", "PUT", "QUERY", "REBIND", "REPORT", "SEARCH", "TRACE",
    "TRACK", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
)  # fmt: skip
"""The registered methods (IANA, HTTP Method Registry), and PURGE and TRACK, which are common."""

_EVERY: Final = frozenset({"ALL", "ANY"})
"""What people write for all methods. No method is called so."""
_OWN_NAME: Final = re.compile(r"[A-Z][A-Z0-9_-]*")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_LIST: Final = re.compile(r"[\w-]+(?:[\s,;/|+&]+[\w-]+)*")
_SEPARATORS: Final = re.compile(r"[\s,;/|+&]+")


def objection_to_methods(pattern: str, compiled: Any) -> str | None:
    """Why the pattern, or one of its alternatives, matches no method that a request may have.

    None if they match some. A pattern may also name methods of its own, in capitals: `FLUSH|GET`
    matches FLUSH.
    """
    own = set(_OWN_NAME.findall(pattern)) - _EVERY
    if any(_matches(compiled, name) for name in (*METHODS, *own)):
        return _objection_to_small_letters(pattern, compiled)
    fix = _meant(pattern)
    return (
        "matches no HTTP method: it is a regular expression for the whole method, which is in "
        f"capitals; write {fix}"
    )


def warning_on_methods(pattern: str) -> str | None:
    """Which alternative is probably a slip; None if there is no doubt."""
    names = alternatives(pattern)
    if "" in names and len(names) > 1:
        return "has an alternative without text, which matches no method; remove it"
    unknown = [name for name in names if _OWN_NAME.fullmatch(name) and name not in METHODS]
    if not unknown:
        return None
    fixes = [did_you_mean(name, METHODS) for name in unknown]
    told = [f"{name!r}{fix and f' ({fix})'}" for name, fix in zip(unknown, fixes, strict=True)]
    return f"has {', '.join(told)}: no registered HTTP method is called so"


def _objection_to_small_letters(pattern: str, compiled: Any) -> str | None:
    names = alternatives(pattern)
    lost = [
        name
        for name in names
        if _NAME.fullmatch(name) and name != name.upper() and not _matches(compiled, name.upper())
    ]
    if not lost:
        return None
    meant = "|".join(dict.fromkeys(name.upper() if name in lost else name for name in names))
    return f"has {lost[0]!r}, which matches no method: methods are in capitals; write {meant!r}"


def _meant(pattern: str) -> str:
    text = pattern.strip(" \t^$*/,;|()[]\"'")
    if text.upper() in _EVERY:
        return "'.*' for all methods"
    if _LIST.fullmatch(text):
        names = _SEPARATORS.sub("|", text).upper()
        if any(_matches(compile_pattern(names), name) for name in METHODS):
            return f"'{names}'"
    return "one such as 'GET|POST', or '.*' for all methods"


def _matches(compiled: Any, method: str) -> bool:
    return compiled.fullmatch(method.encode()) is not None
