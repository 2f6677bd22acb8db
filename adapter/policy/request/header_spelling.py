# mypyc: compiled
"""Which header names mean the same header, and which headers stay.

Many servers hand headers to programs as variables (CGI: RFC 3875, 4.1.18; WSGI: PEP 3333; also Rack
and PHP). They write `-` as `_`, and some write every character so that is no letter and no digit.
So `x-user`, `x_user` and `x.user` all become `HTTP_X_USER`: three spellings of one header.
"""

from typing import Final

_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-:")
"""Characters of a name that is spelled with hyphens; a colon begins a pseudo-header."""
_OTHER: Final = b"!#$%&'*+.^_`|~"
"""All other characters of a lower-case name (RFC 9110, 5.6.2)."""
_DASHED: Final = bytes.maketrans(_OTHER, b"-" * len(_OTHER))


def dashed(name: str) -> str:
    """The spelling with hyphens; spellings of one header have the same."""
    # By octets, which takes half the time. No name holds anything but ASCII, but whatever comes is
    # not to raise an error.
    return name.encode("utf-8", "surrogatepass").translate(_DASHED).decode("utf-8", "surrogatepass")


def is_odd(name: str) -> bool:
    """Whether a lower-case name is not spelled with hyphens."""
    return not _PLAIN.issuperset(name)
