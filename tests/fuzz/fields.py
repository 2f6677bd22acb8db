"""Protobuf's wire format as a list of fields, so that mutations can keep lengths right."""

from typing import NamedTuple

_LENGTH = 2
_SIZES = {1: 8, 5: 4}


class Field(NamedTuple):
    """One field: its tag, and its content without a length."""

    tag: int
    content: bytes

    @property
    def has_length(self) -> bool:
        """Whether the content may be a message."""
        return self.tag & 7 == _LENGTH

    def encoded(self, padding: int = 0) -> bytes:
        """The field's bytes; `padding` makes the length longer than it has to be."""
        length = varint(len(self.content), padding) if self.has_length else b""
        return varint(self.tag) + length + self.content


def varint(number: int, padding: int = 0) -> bytes:
    """A number, with that many superfluous bytes."""
    out = bytearray()
    while number > 0x7F or padding:
        padding -= number <= 0x7F
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def parsed(octets: bytes) -> list[Field]:
    """The fields of a message; empty if the bytes are none."""
    fields, at = [], 0
    while at < len(octets):
        tag, at = _number(octets, at)
        start = at
        if tag & 7 == _LENGTH:
            size, start = _number(octets, at)
            at = start + size
        elif tag & 7 == 0:
            _, at = _number(octets, at)
        else:
            at += _SIZES.get(tag & 7, len(octets))
        if not tag >> 3 or at > len(octets):
            return []
        fields.append(Field(tag, octets[start:at]))
    return fields


def _number(octets: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(octets) and shift < 70:
        number |= (octets[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if octets[at - 1] < 0x80:
            return number, at
    return 0, len(octets) + 1
