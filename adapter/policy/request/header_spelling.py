# mypyc: compiled
"""Which header names mean the same header.

Many servers hand headers to programs as variables (CGI: RFC 3875, 4.1.18; WSGI: PEP 3333; also Rack
and PHP). They write `-` as `_`, and some do so for every character except letters and digits.
So `x-user`, `x_user` and `x.user` all become `HTTP_X_USER`: three spellings of one header.
"""

from collections.abc import Iterable
from typing import Final

from mypy_extensions import i64

_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-:")
"""Characters of a name that is spelled with hyphens. A colon begins a pseudo-header."""
_OTHER: Final = b"!#$%&'*+.^_`|~"
"""All other characters of a lower-case name (RFC 9110, 5.6.2)."""
_MOST_BITS: Final = 62
DASHED: Final = bytes.maketrans(_OTHER, b"-" * len(_OTHER))
"""The octet of each octet in the spelling with hyphens."""


def dashed(name: str) -> str:
    """The spelling with hyphens. All spellings of one header have the same.

    Example: `dashed("x_user") == dashed("x.user") == "x-user"`.
    """
    # Translating bytes takes half the time of translating a str. Names are ASCII, but no input may
    # raise an error.
    return name.encode("utf-8", "surrogatepass").translate(DASHED).decode("utf-8", "surrogatepass")


def is_odd(name: str) -> bool:
    """Whether a lower-case name is not spelled with hyphens."""
    return not _PLAIN.issuperset(name)


def length_bits(names: Iterable[str]) -> i64:
    """The lengths of names as a set of bits, to find names of these lengths quickly.

    Bit 62 stands for 62 and more. Example: `length_bits(["a", "abc"]) == 0b1010`.
    """
    bits: i64 = 0
    for name in names:
        bits |= length_bit(len(name))
    return bits


def length_bit(length: i64) -> i64:
    """The bit of one length in `length_bits`."""
    one: i64 = 1
    return one << (length if length < _MOST_BITS else _MOST_BITS)
