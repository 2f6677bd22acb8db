# mypyc: compiled
"""Ids of events: UUIDs of version 7 (RFC 9562, 5.7).

They begin with the time in milliseconds, so later ids sort after earlier ones. The rest is random.
"""

from collections.abc import Sequence
from typing import Final

RANDOM_BYTES: Final = 10
"""The number of random bytes in one id."""
_RANDOM_DIGITS: Final = 2 * RANDOM_BYTES
_VARIANT_OF: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""Puts the UUID's variant into a random digit (RFC 9562, 4.1)."""
_OCTETS: Final = tuple(f"{octet:02x}" for octet in range(256))


def uuids7(unix_ms: int, random: bytes) -> list[str]:
    """One UUID for each ten random bytes."""
    digits, time = random.hex(), f"{unix_ms:012x}"
    head = f"{time[:8]}-{time[8:]}-7"
    return [
        f"{head}{digits[i : i + 3]}-{_VARIANT_OF[digits[i + 3]]}{digits[i + 4 : i + 7]}"
        f"-{digits[i + 7 : i + 19]}"
        for i in range(0, len(digits), _RANDOM_DIGITS)
    ]


def uuids7_in_a_row(unix_ms: int, random: bytes, count: int) -> Sequence[str]:
    """Up to 256 UUIDs from the random bytes of one. They differ in the last byte, which counts up.

    They cost less than separate ones, and an upload of them compresses better.
    """
    (first,) = uuids7(unix_ms, random)
    head, last = first[:-2], int(first[-2:], 16)
    return [head + _OCTETS[(last + i) & 0xFF] for i in range(count)]
