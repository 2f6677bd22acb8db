# mypyc: compiled
"""Makes sure that every header that leaves this process is valid.

Names come from policies, and values from clients and the platform. With default settings, Envoy
sends a CR or LF in a response header unchanged, which would split the response.
"""

import re
from collections.abc import Iterable

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""The name of a field (RFC 9110, 5.1 and 5.6.2). Pseudo-headers such as `:path` do not match."""
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
"""Only Envoy may write headers that concern one connection (RFC 9110, 7.6.1)."""
_NEVER_REMOVED = frozenset({"connection", "content-length", "transfer-encoding", "upgrade"})
"""Without these headers, Envoy or the upstream would not know where a message ends."""


def is_usable_name(name: str) -> bool:
    """Whether a policy may set a header of that name."""
    return _TOKEN.fullmatch(name) is not None and name.lower() not in _FRAMING


def is_removable_name(name: str) -> bool:
    """Whether a policy may remove a header of that name."""
    return _TOKEN.fullmatch(name) is not None and name.lower() not in _NEVER_REMOVED


def usable(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers that a policy may set, by lower-case name."""
    return {name.lower(): value for name, value in headers if is_usable_name(name)}


def clean_value(value: str) -> str:
    """The value as one line of text that Envoy accepts.

    Control characters become spaces (RFC 9110, 5.5), blanks at both ends are removed (RFC 9113,
    8.2.1), and characters that UTF-8 cannot encode become question marks.
    """
    if not (value.isascii() and value.isprintable()):
        value = _CONTROL.sub(" ", encodable(value))
    return value.strip(" \t")


def encodable(text: str) -> str:
    """The text without lone surrogates. JSON may contain them, but protobuf refuses them."""
    return text.encode(errors="replace").decode()
