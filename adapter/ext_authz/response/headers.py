# mypyc: compiled
"""Headers that may leave this process, whatever is in the strings they are made from.

Names come from policies and values from clients and the platform. Envoy with default settings
sends a CR or LF in a response header as it is, and so splits the response.
"""

import re
from collections.abc import Iterable

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""A field name, RFC 9110, 5.1 and 5.6.2; so no pseudo-header either."""
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FRAMING = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""What frames messages on one connection (RFC 9110, 7.6.1) is Envoy's alone to write."""
_NEVER_REMOVED = frozenset({"connection", "content-length", "transfer-encoding", "upgrade"})
"""Without these, Envoy or the upstream would not know where a message ends."""


def is_usable_name(name: str) -> bool:
    """Whether a policy may set a header of that name."""
    return _TOKEN.fullmatch(name) is not None and name.lower() not in _FRAMING


def is_removable_name(name: str) -> bool:
    """Whether a policy may remove a header of that name."""
    return _TOKEN.fullmatch(name) is not None and name.lower() not in _NEVER_REMOVED


def usable(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Those that a policy may set, by lower-case name."""
    return {name.lower(): value for name, value in headers if is_usable_name(name)}


def clean_value(value: str) -> str:
    """The value as one line of text that Envoy accepts.

    Control characters become spaces (RFC 9110, 5.5), blanks at the ends go (RFC 9113, 8.2.1), and
    what has no UTF-8 form becomes a question mark.
    """
    if not (value.isascii() and value.isprintable()):
        value = _CONTROL.sub(" ", encodable(value))
    return value.strip(" \t")


def encodable(text: str) -> str:
    """The text without lone surrogates, which JSON can smuggle in and protobuf refuses."""
    return text.encode(errors="replace").decode()
