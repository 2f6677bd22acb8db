# mypyc: compiled
"""Reads the entries of a protobuf map, such as headers, in a Check's bytes.

An entry is a tag, a length, and then a key and a value with a tag and a length each. The functions
that look entries up expect entries that `entry_checked` accepted: the key's length has one byte.
"""

from typing import Final

from mypy_extensions import i64

from adapter.messages.wire import content
from adapter.policy.request.header_spelling import DASHED, length_bit

_KEY: Final = 0x0A
_VALUE: Final = 0x12
_H: Final = 0x68
_M: Final = 0x6D
_X: Final = 0x78


def last_value(octets: bytes, at: i64, end: i64, key: bytes) -> i64:
    """Where the field with the key's value begins; 0 if there is none. The last one counts."""
    size: i64 = len(key)
    first = key[0]
    found: i64 = 0
    while at < end:
        start, stop = content(octets, at + 1, end)
        if (
            octets[start + 1] == size
            and octets[start + 2] == first
            and octets[start + 2 : start + 2 + size] == key
        ):
            found = start + 2 + size
        at = stop
    return found


def pairs(octets: bytes, at: i64, end: i64) -> dict[str, str]:
    """All entries. The last value of a key counts."""
    entries = {}
    while at < end:
        start, stop = content(octets, at + 1, end)
        key_start, key_stop = content(octets, start + 1, stop)
        value_start, value_stop = content(octets, key_stop + 1, stop)
        entries[octets[key_start:key_stop].decode()] = octets[value_start:value_stop].decode()
        at = stop
    return entries


def odd_keys(octets: bytes, at: i64, end: i64, lengths: i64, prefix: bytes) -> list[str]:
    """The keys that are odd header names of these lengths: see `request.header_spelling`.

    With a prefix, also the keys that begin with it in any spelling.
    """
    odd = []
    prefix_size: i64 = len(prefix)
    first: i64 = prefix[0] if prefix else -1
    while at < end:
        start, stop = content(octets, at + 1, end)
        size: i64 = octets[start + 1]
        # Most keys have another length and another first letter, so hardly any is read.
        if (lengths & length_bit(size) and _is_odd(octets, start + 2, start + 2 + size)) or (
            octets[start + 2] == first
            and size >= prefix_size
            and _begins_with(octets, start + 2, prefix)
        ):
            odd.append(octets[start + 2 : start + 2 + size].decode())
        at = stop
    return odd


def may_override_method(octets: bytes, at: i64, end: i64) -> bool:
    """The same as `policy.request.attributes.may_override_method`, for the keys in these bytes."""
    while at < end:
        start, stop = content(octets, at + 1, end)
        if octets[start + 2] == _X and octets[start + 1] > 4:
            third = octets[start + 4]
            if third in (_H, _M):
                return True
        at = stop
    return False


def _is_odd(octets: bytes, at: i64, stop: i64) -> bool:
    """The same as `policy.request.header_spelling.is_odd`, for the name in these bytes."""
    while at < stop:
        octet: i64 = octets[at]
        # Letters, the hyphen, then digits and the colon (58): the most common ones first.
        if not (97 <= octet <= 122 or octet == 45 or 48 <= octet <= 58):
            return True
        at += 1
    return False


def _begins_with(octets: bytes, at: i64, prefix: bytes) -> bool:
    """Whether the name in these bytes begins with the prefix, in any spelling."""
    matched: i64 = 0
    size: i64 = len(prefix)
    while matched < size and DASHED[octets[at + matched]] == prefix[matched]:
        matched += 1
    return matched == size


def entry_checked(octets: bytes, start: i64, stop: i64, unchecked: i64) -> i64:
    """Check the form of a map's entry: a key of 1 to 127 bytes, a value, and nothing else.

    Returns where text is still to be checked for ASCII, or -1 if the entry has another form.
    """
    if stop - start < 5 or octets[start] != _KEY:
        return -1
    key_start, key_stop = content(octets, start + 1, stop)
    if not start + 2 == key_start < key_stop < stop - 1 or octets[key_stop] != _VALUE:
        return -1
    value_start, value_stop = content(octets, key_stop + 1, stop)
    if value_stop != stop:
        return -1
    if value_start - key_stop == 2:
        return unchecked
    return text_checked(octets, unchecked, key_stop + 1, value_start)


def text_checked(octets: bytes, unchecked: i64, at: i64, start: i64) -> i64:
    """Check that text up to `at` is ASCII. Returns `start`, where text goes on, or -1 if not."""
    if octets[unchecked:at].isascii():
        return start
    return -1
