# mypyc: compiled
"""HPACK field blocks (RFC 7541): a decoder, and the blocks that we send.

The decoder is optimized for Envoy's blocks: almost every field is one byte that names a table
entry. Entries are checked and decoded when they are added to the table. The static table and the
Huffman code come from the `hpack` library. Tests compare the decoder with that library's decoder,
which is several times slower.
"""

from typing import Final, TypeAlias

from hpack.table import HeaderTable as _Tables
from mypy_extensions import i64

from adapter.transport.http2.frames import DEFAULT_TABLE_SIZE, ConnectionFault, ErrorCode
from adapter.transport.http2.header_fields import (
    MALFORMED,
    NEW,
    PLAIN,
    Field,
    field,
    field_like,
)
from adapter.transport.http2.huffman import HuffmanDecoder, HuffmanError

Shape: TypeAlias = tuple[Field, ...]
"""The fields of a block in order, with `NEW` in place of new metadata."""

FIRST_DYNAMIC: Final = 62
"""The number of the newest entry. Smaller numbers are the static table (2.3.3)."""
_REMEMBERED_LITERALS: Final = 64
_REMEMBERED_SIZE: Final = 512
_LONGEST_NUMBER: Final = 35
"""Bits of a number after its first byte."""
_STATIC: Final = tuple(field(name, value) for name, value in _Tables.STATIC_TABLE)
_NOTHING: Final = Field("", "", 0, MALFORMED)
"""The placeholder at index 0, which blocks must not use."""


class BlockDecoder:
    """One connection's decoding context: its dynamic table (2.3.2), at most 4,096 octets."""

    def __init__(self, huffman: HuffmanDecoder) -> None:
        self._huffman = huffman
        self._fields = [_NOTHING, *_STATIC]
        self._size = 0
        self._max_size = DEFAULT_TABLE_SIZE
        self._literals: dict[bytes, Field] = {}
        self._shape: Shape = ()
        """The shape that `expect` received."""
        self.remembers = False
        """Whether literals are cached."""
        self.changes = 0
        """Increases when an entry is added to the table, or its size changes. Earlier results of
        blocks may then be invalid."""

    def decode(self, block: bytes) -> tuple[Shape, list[Field]]:
        """The block's shape, and its new metadata.

        The shape is the expected one itself where it is equal to it. Raises ConnectionFault: the
        table would be out of step with the client's (4.3 of RFC 9113).
        """
        new: list[Field] = []
        try:
            return self._walk(block, new), new
        except IndexError as e:
            raise _fault("it is incomplete, or names an entry that is not in the table") from e
        except HuffmanError as broken:
            raise _fault(str(broken)) from broken

    def expect(self, shape: Shape) -> None:
        """Compare the next blocks with this shape, which makes equal blocks cheaper."""
        self._shape = shape

    def _walk(self, block: bytes, new: list[Field]) -> Shape:
        """Read the fields, following the expected shape as long as they match it."""
        table, shape = self._fields, self._shape
        matched: i64 = 0
        expected: i64 = len(shape)
        others: list[Field] | None = None
        """All fields, after the first one that differs from the shape."""
        position: i64 = 0
        end: i64 = len(block)
        while position < end:
            octet: i64 = block[position]
            if 0x80 < octet < 0xFF:  # an entry of the table, encoded in one byte (6.1)
                position += 1
                found = table[octet & 0x7F]
            elif octet >= 0x80:
                found, position = self._far_entry(block, position)
            elif 0x20 <= octet < 0x40:
                position = self._take_size(block, position, first=not (matched or others))
                continue
            else:
                found, position = self._new_field(block, position, new)
            if others is not None:
                others.append(found)
            elif matched < expected and shape[matched] is found:
                matched += 1
            else:
                others = [*shape[:matched], found]
        if others is None:
            return shape if matched == expected else shape[:matched]
        return tuple(others)

    def _far_entry(self, block: bytes, position: i64) -> tuple[Field, i64]:
        """An entry whose number takes more than one byte, or is the invalid 0 (6.1)."""
        index, position = _integer(block, position, 0x7F)
        if not index:
            raise _fault("it names the entry 0")
        return self._fields[index], position

    def _take_size(self, block: bytes, position: i64, *, first: bool) -> i64:
        """Read a table size update (6.3), allowed before the first field only (4.2)."""
        if not first:
            raise _fault("it resizes the table after a field")
        size, position = _integer(block, position, 0x1F)
        self._resize(size)
        return position

    def _new_field(self, block: bytes, position: i64, new: list[Field]) -> tuple[Field, i64]:
        """Read a literal: with indexing (6.2.1), without (6.2.2), or never indexed (6.2.3)."""
        enters = block[position] >= 0x40
        literal, position = self._literal(block, position, 0x3F if enters else 0x0F)
        if enters:
            self._insert(literal)
        if literal.role != PLAIN:
            return literal, position
        new.append(literal)
        return NEW, position

    def _literal(self, block: bytes, start: i64, mask: i64) -> tuple[Field, i64]:
        """Read a literal, and return its end.

        A literal whose name is not in the dynamic table usually has few different values: the
        path, which encoders do not index, or a field that was evicted and is added again. So such
        literals are cached by their bytes. Fields that change, such as `traceparent`, have their
        name in the dynamic table.
        """
        index: i64 = block[start] & mask
        position = start + 1
        if index == mask:
            index, position = _integer(block, start, mask)
        if index >= FIRST_DYNAMIC:
            coded, text, position = _string(block, position)
            value = self._huffman.decode(text) if coded else text
            return field_like(self._fields[index], value), position
        name_coded: i64 = 0
        name = b""
        if not index:
            name_coded, name, position = _string(block, position)
        coded, text, position = _string(block, position)
        octets = block[start:position]
        found = self._literals.get(octets)
        if found is None:
            name = self._decoded(name_coded, name) or self._fields[index].name.encode("latin-1")
            found = field(name, self._decoded(coded, text))
            self._remember(octets, found)
        return found, position

    def _remember(self, octets: bytes, found: Field) -> None:
        if self.remembers and found.size <= _REMEMBERED_SIZE:
            if len(self._literals) >= _REMEMBERED_LITERALS:
                self._literals.clear()
            self._literals[octets] = found

    def _decoded(self, coded: i64, text: bytes) -> bytes:
        return self._huffman.decode(text) if coded else text

    def _insert(self, new: Field) -> None:
        self.changes += 1
        self._fields.insert(FIRST_DYNAMIC, new)
        self._size += new.size
        while self._size > self._max_size:
            self._size -= self._fields.pop().size

    def _resize(self, size: int) -> None:
        if size > DEFAULT_TABLE_SIZE:
            raise _fault("it makes the table larger than allowed")
        self.changes += 1
        self._max_size = size
        while self._size > self._max_size:
            self._size -= self._fields.pop().size


def _integer(block: bytes, position: i64, mask: i64) -> tuple[i64, i64]:
    """Read a number, and return its end (5.1). Numbers longer than six bytes are invalid."""
    number: i64 = block[position] & mask
    position += 1
    if number < mask:
        return number, position
    shift: i64 = 0
    while shift < _LONGEST_NUMBER:
        octet: i64 = block[position]
        position += 1
        number += (octet & 0x7F) << shift
        if octet < 0x80:
            return number, position
        shift += 7
    raise _fault("it has a number that is too long")


def _string(block: bytes, position: i64) -> tuple[i64, bytes, i64]:
    """Read a string: whether it is Huffman-coded, its bytes, and its end (5.2)."""
    octet: i64 = block[position]
    length = octet & 0x7F
    start = position + 1
    if length == 0x7F:
        length, start = _integer(block, position, 0x7F)
    end = start + length
    if end > len(block):
        raise _fault("it is incomplete")
    return octet & 0x80, block[start:end], end


def _fault(reason: str) -> ConnectionFault:
    return ConnectionFault(
        ErrorCode.COMPRESSION_ERROR, f"a field block cannot be decoded: {reason}"
    )


def literal_block(*fields: tuple[str, str]) -> bytes:
    """Write a block that does not use the peer's table (6.2.2), so it can be sent at any time."""
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
