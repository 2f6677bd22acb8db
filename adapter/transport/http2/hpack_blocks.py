"""Field blocks (RFC 7541): a decoder that walks them, and the few blocks that we send.

The walk is made for what Envoy sends: almost every field is one octet that names a table entry, and
an entry was checked, and its text decoded, when it came into the table. The tables and the code
come from the `hpack` library, whose decoder, complete but several times slower, is what the tests
compare with.
"""

import re
from typing import Final, TypeAlias

from hpack.table import HeaderTable as _Tables

from adapter.transport.http2.frames import DEFAULT_TABLE_SIZE, ConnectionFault, ErrorCode
from adapter.transport.http2.huffman import HuffmanDecoder, HuffmanError

PLAIN: Final = 0
"""A field for the service: metadata."""
PSEUDO: Final = 1
"""One of the request's own, such as `:path` (RFC 9113, 8.3)."""
PROTOCOL: Final = 2
"""One for us: gRPC's own, and what HTTP needs."""
MALFORMED: Final = 3
"""One that makes its request malformed (RFC 9113, 8.2)."""

_ROLES: Final = {
    **dict.fromkeys((":authority", ":method", ":path", ":scheme"), PSEUDO),
    **dict.fromkeys(("content-length", "content-type", "te"), PROTOCOL),
    **dict.fromkeys(("grpc-accept-encoding", "grpc-encoding", "grpc-timeout"), PROTOCOL),
    **dict.fromkeys(("connection", "keep-alive", "proxy-connection"), MALFORMED),
    **dict.fromkeys(("transfer-encoding", "upgrade"), MALFORMED),
}
_NAME: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_REMEMBERED_LITERALS: Final = 64
_REMEMBERED_SIZE: Final = 512
_VISIBLE: Final = bytes(range(0x21, 0x7F))
_BAD_VALUE: Final = re.compile(rb"[\0\r\n]|^[ \t]|[ \t]$")


class Field:
    """A header field, checked and decoded once, however many requests repeat it.

    Two are the same only if they are one object: the same table entry.
    """

    __slots__ = ("name", "role", "size", "value")

    def __init__(self, name: str, value: str, size: int, role: int) -> None:
        self.name = name
        self.value = value
        self.size = size
        """As the table counts: 32 more than its octets (4.1)."""
        self.role = role


def field(name: bytes, value: bytes) -> Field:
    """Check and decode a field; one that no request may have gets the role MALFORMED."""
    text, content = name.decode("latin-1"), value.decode("utf-8", "replace")
    role = _ROLES.get(text, PLAIN)
    if (
        (role == PLAIN and not _NAME.fullmatch(name))
        or _BAD_VALUE.search(value)
        or (text == "te" and value != b"trailers")
        or (text == "content-length" and not (value.isdigit() and len(value) < 20))
    ):
        role = MALFORMED
    return Field(text, content, 32 + len(name) + len(value), role)


_STATIC: Final = tuple(field(name, value) for name, value in _Tables.STATIC_TABLE)
_FIRST_DYNAMIC: Final = 1 + len(_STATIC)
_NOTHING: Final = Field("", "", 0, MALFORMED)
"""Stands at index 0, which no block may name."""

_Literal: TypeAlias = tuple[str, int, bytes, int, bytes]
"""The name, if a table has it; else its octets, and whether they are coded; the same of the value.
"""


class BlockDecoder:
    """One connection's decoding context: its dynamic table (2.3.2), at most 4,096 octets."""

    def __init__(self, huffman: HuffmanDecoder) -> None:
        self._huffman = huffman
        self._fields = [_NOTHING, *_STATIC]
        self._size = 0
        self._max_size = DEFAULT_TABLE_SIZE
        self._literals: dict[_Literal, Field] = {}
        self.changes = 0
        """Rises whenever a block changes the table: what others decoded to before may be over."""

    def decode(self, block: bytes) -> tuple[list[Field], list[int]]:
        """The block's fields in order, and the positions of metadata that is new in it.

        Raises ConnectionFault: the table would be out of step with the client's (4.3 of RFC 9113).
        """
        try:
            return self._walk(block)
        except IndexError as e:
            raise _fault("it is cut off, or names an entry that the table has not") from e
        except HuffmanError as e:
            raise _fault(str(e)) from e

    def _walk(self, block: bytes) -> tuple[list[Field], list[int]]:
        table = self._fields
        fields: list[Field] = []
        new: list[int] = []
        position, end = 0, len(block)
        while position < end:
            octet = block[position]
            if 0x80 < octet < 0xFF:  # an entry of the table, named by one octet (6.1)
                position += 1
                fields.append(table[octet & 0x7F])
                continue
            if octet >= 0x80:
                index, position = _integer(block, position, 0x7F)
                if not index:
                    raise _fault("it names the entry 0")
                fields.append(table[index])
                continue
            if 0x20 <= octet < 0x40:  # a new size of the table (6.3), before any field (4.2)
                if fields:
                    raise _fault("it resizes the table after a field")
                size, position = _integer(block, position, 0x1F)
                self._resize(size)
                continue
            # A literal that enters the table (6.2.1), or does not (6.2.2), or never may (6.2.3).
            literal, position = self._literal(block, position, 0x3F if octet >= 0x40 else 0x0F)
            if octet >= 0x40:
                self._insert(literal)
            if literal.role == PLAIN:
                new.append(len(fields))
            fields.append(literal)
        return fields, new

    def _literal(self, block: bytes, position: int, mask: int) -> tuple[Field, int]:
        """A literal and where it ends.

        One that does not take its name from a field that came before is of few values, as a rule:
        the path, which no encoder puts into the table, or whatever the table has lost and gets
        again. The same octets give the same field then. What changes, such as `traceparent`, has
        its name in the table.
        """
        index, position = _integer(block, position, mask)
        name_coded, name = 0, b""
        if not index:
            name_coded, name, position = _string(block, position)
        coded, text, position = _string(block, position)
        known = self._fields[index]
        if index >= _FIRST_DYNAMIC and known.role == PLAIN:
            return self._new_value(known.name, self._decoded(coded, text)), position
        key = (known.name, name_coded, name, coded, text)
        found = self._literals.get(key)
        if found is None:
            name = self._decoded(name_coded, name) or known.name.encode("latin-1")
            found = field(name, self._decoded(coded, text))
            self._remember(key, found)
        return found, position

    def _new_value(self, name: str, value: bytes) -> Field:
        if value.translate(None, _VISIBLE):
            return field(name.encode("latin-1"), value)
        # What `field` would make of it, at a third of the cost.
        return Field(name, value.decode(), 32 + len(name) + len(value), PLAIN)

    def _remember(self, key: _Literal, found: Field) -> None:
        if found.size <= _REMEMBERED_SIZE:
            if len(self._literals) >= _REMEMBERED_LITERALS:
                self._literals.clear()
            self._literals[key] = found

    def _decoded(self, coded: int, text: bytes) -> bytes:
        return self._huffman.decode(text) if coded else text

    def _insert(self, new: Field) -> None:
        self.changes += 1
        self._fields.insert(_FIRST_DYNAMIC, new)
        self._size += new.size
        self._evict()

    def _resize(self, size: int) -> None:
        if size > DEFAULT_TABLE_SIZE:
            raise _fault("it makes the table larger than we allow")
        self.changes += 1
        self._max_size = size
        self._evict()

    def _evict(self) -> None:
        while self._size > self._max_size:
            self._size -= self._fields.pop().size


def _integer(block: bytes, position: int, mask: int) -> tuple[int, int]:
    """A number and where it ends (5.1); none that we can use takes more than six octets."""
    number = block[position] & mask
    position += 1
    if number < mask:
        return number, position
    for shift in range(0, 35, 7):
        octet = block[position]
        position += 1
        number += (octet & 0x7F) << shift
        if octet < 0x80:
            return number, position
    raise _fault("it holds a number that is too long")


def _string(block: bytes, position: int) -> tuple[int, bytes, int]:
    """Whether a string is Huffman-coded, its octets, and where it ends (5.2)."""
    coded = block[position] & 0x80
    length, position = _integer(block, position, 0x7F)
    end = position + length
    if end > len(block):
        raise _fault("it is cut off")
    return coded, block[position:end], end


def _fault(reason: str) -> ConnectionFault:
    return ConnectionFault(
        ErrorCode.COMPRESSION_ERROR, f"a field block cannot be decoded: {reason}"
    )


def literal_block(*fields: tuple[str, str]) -> bytes:
    """A block that neither reads nor changes the peer's table (6.2.2), so it may go at any time."""
    return b"".join(
        b"\0" + _plain_string(name.encode()) + _plain_string(value.encode())
        for name, value in fields
    )


def _plain_string(text: bytes) -> bytes:
    if len(text) < 0x7F:
        return bytes((len(text),)) + text
    rest, octets = len(text) - 0x7F, bytearray(b"\x7f")
    while rest >= 0x80:
        octets.append(rest & 0x7F | 0x80)
        rest >>= 7
    octets.append(rest)
    return bytes(octets) + text
