# mypyc: compiled
"""Protobuf's encoding (protobuf.dev, encoding), for those who read a message where it stands.

A message is a row of fields, each a tag and a content. A field's tag is its number, times 8, plus
its kind. Where something begins and stops is counted in octets; a stop of 0 says that it is not as
plain as any writer makes it, which is for the protobuf library to judge.
"""

from typing import Final, TypeAlias

from mypy_extensions import i64

NUMBER: Final = 0
"""Kinds: an integer in 7 bits an octet, the last ones first."""
EIGHT_OCTETS: Final = 1
DELIMITED: Final = 2
"""A length comes first."""
FOUR_OCTETS: Final = 5

_KEY: Final = 0x0A
_VALUE: Final = 0x12
"""Tags in a map's entry."""
_SECONDS: Final = 0x08
_NANOS: Final = 0x10
"""Tags in a Timestamp or a Duration."""
_LEAST_TAG: Final = 1 << 3
"""There is no field 0."""
_LARGEST_TAG: Final = 0x3FFF
_LONGEST_SIZE: Final = 28
"""Bits of a length: more than any message has that we take."""
_LONGEST_NUMBER: Final = 9
"""Octets of a number that is not negative; all others have ten."""

MOST_32_BITS: Final = 0x7FFF_FFFF
"""The largest number where the library reads no more than 32 bits, the sign among them."""

Span: TypeAlias = tuple[i64, i64]
"""Where something begins and stops."""
Field: TypeAlias = tuple[i64, i64, i64]
"""A tag, and the span of the content."""
Pair: TypeAlias = tuple[i64, i64, i64, i64]
"""The spans of a key and of its value."""


def field(octets: bytes, at: i64, end: i64) -> Field:
    """The field at `at`, which is before `end`; its tag has one octet or two."""
    tag: i64 = octets[at]
    at += 1
    if tag >= 0x80 and at < end:  # at the end nothing comes after it, so that it is not plain
        more: i64 = octets[at]
        tag = tag & 0x7F | more << 7
        at += 1
    kind = tag & 7
    if not _LEAST_TAG <= tag <= _LARGEST_TAG:
        return 0, 0, 0
    if kind == DELIMITED:
        start, stop = content(octets, at, end)
        return tag, start, stop
    if kind == NUMBER:
        return tag, at, after_number(octets, at, end)
    if kind == EIGHT_OCTETS and at + 8 <= end:
        return tag, at, at + 8
    if kind == FOUR_OCTETS and at + 4 <= end:
        return tag, at, at + 4
    return 0, 0, 0


def content(octets: bytes, at: i64, end: i64) -> Span:
    """What the length at `at` delimits; stops at 0 where that is not all before `end`."""
    size: i64 = 0
    shift: i64 = 0
    while at < end and shift < _LONGEST_SIZE:
        octet: i64 = octets[at]
        at += 1
        size |= (octet & 0x7F) << shift
        if octet < 0x80:
            if at + size > end:
                break
            return at, at + size
        shift += 7
    return 0, 0


def number(octets: bytes, start: i64, stop: i64) -> i64:
    """The number that stands there."""
    value: i64 = 0
    while stop > start:
        stop -= 1
        octet: i64 = octets[stop]
        value = value << 7 | octet & 0x7F
    return value


def number_in(octets: bytes, at: i64, end: i64, wanted: i64) -> i64:
    """The number of that tag, of 32 bits, or 0; -1 where the message is not plain."""
    found: i64 = 0
    while at < end:
        tag, start, at = field(octets, at, end)
        if not at:
            return -1
        if tag == wanted:
            found = number(octets, start, at)
    if found > MOST_32_BITS:
        return -1
    return found


def pair(octets: bytes, at: i64, end: i64) -> Pair:
    """An entry of a map; its key begins at -1 where it is not plain."""
    key: i64 = 0
    key_stop: i64 = 0
    value: i64 = 0
    value_stop: i64 = 0
    while at < end:
        tag, start, at = field(octets, at, end)
        if not at:
            return -1, 0, 0, 0
        if tag == _KEY:
            key, key_stop = start, at
        elif tag == _VALUE:
            value, value_stop = start, at
    return key, key_stop, value, value_stop


def moment(octets: bytes, at: i64, end: i64) -> Span:
    """Seconds and nanoseconds of a Timestamp or a Duration; -1 where it is not plain."""
    seconds: i64 = 0
    nanos: i64 = 0
    while at < end:
        tag, start, at = field(octets, at, end)
        if not at:
            return -1, 0
        if tag == _SECONDS:
            seconds = number(octets, start, at)
        elif tag == _NANOS:
            nanos = number(octets, start, at)
    if nanos > MOST_32_BITS:
        return -1, 0
    return seconds, nanos


def after_number(octets: bytes, at: i64, end: i64) -> i64:
    """Where the number at `at` stops; 0 where that is not before `end`, or is too far."""
    last = at + _LONGEST_NUMBER
    while at < end and at < last:
        at += 1
        if octets[at - 1] < 0x80:
            return at
    return 0
