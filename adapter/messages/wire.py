# mypyc: compiled
"""Protobuf's encoding (protobuf.dev, encoding), for the fast readers.

A message is a sequence of fields. A field is a tag and its content. The tag is the field's number
times 8, plus its kind. For example, `12 03 61 62 63` is field 2 with a length (tag 2 * 8 + 2), and
its content is the three bytes `abc`.

Positions are indexes into the message's bytes. If a span stops at 0, the field is not plain: it is
broken, or written in a way that no protobuf library writes. The protobuf reader then decides what
it is.
"""

from typing import Final, TypeAlias

from mypy_extensions import i64

NUMBER: Final = 0
"""Kinds of fields. This one is an integer, seven bits in each byte, the lowest ones first."""
EIGHT_OCTETS: Final = 1
DELIMITED: Final = 2
"""A length, and then that many bytes: text, bytes, or a message."""
FOUR_OCTETS: Final = 5

_KEY: Final = 0x0A
_VALUE: Final = 0x12
"""Tags in an entry of a map."""
_SECONDS: Final = 0x08
_NANOS: Final = 0x10
"""Tags in a Timestamp or a Duration."""
_LEAST_TAG: Final = 1 << 3
"""The tag of field 1: there is no field 0."""
_LARGEST_TAG: Final = 0x3FFF
_LONGEST_SIZE: Final = 28
"""The most bits of a length. Messages that we accept are shorter."""
_LONGEST_NUMBER: Final = 9
"""The most bytes of a number that is not negative. Negative numbers have ten bytes."""

MOST_32_BITS: Final = 0x7FFF_FFFF
"""The largest number of a field with 32 bits. The protobuf library cuts larger ones."""

Span: TypeAlias = tuple[i64, i64]
"""Where something begins, and where it stops."""
Field: TypeAlias = tuple[i64, i64, i64]
"""A tag, and the span of its content."""
Pair: TypeAlias = tuple[i64, i64, i64, i64]
"""The span of a key, and the span of its value."""


def field(octets: bytes, at: i64, end: i64) -> Field:
    """The field at `at`, which must be before `end`. Its tag has one or two bytes."""
    tag: i64 = octets[at]
    at += 1
    if tag >= 0x80 and at < end:  # at the end it has no content, so it is not plain
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
    """The span of a content whose length is at `at`; it stops at 0 if it would go beyond `end`."""
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
    """The number in this span."""
    value: i64 = 0
    while stop > start:
        stop -= 1
        octet: i64 = octets[stop]
        value = value << 7 | octet & 0x7F
    return value


def number_in(octets: bytes, at: i64, end: i64, wanted: i64) -> i64:
    """The number with that tag, of 32 bits; 0 if there is none, -1 if the message is not plain."""
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
    """The key and the value of a map's entry; the key begins at -1 if the entry is not plain."""
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
    """Seconds and nanoseconds of a Timestamp or Duration; seconds are -1 if it is not plain."""
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
    """Where the number at `at` stops; 0 if it goes beyond `end`, or is too long."""
    last = at + _LONGEST_NUMBER
    while at < end and at < last:
        at += 1
        if octets[at - 1] < 0x80:
            return at
    return 0
