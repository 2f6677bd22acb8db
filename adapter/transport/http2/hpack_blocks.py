"""Field blocks (RFC 7541): a decoder that walks them, and the few blocks that we send.

The walk is made for what Envoy sends: almost every field is one octet that names a table entry, and
an entry was checked, and its text decoded, when it came into the table. What is like the block
before (`outlines`) is not even walked. The tables and the code come from the `hpack` library, whose
decoder, complete but several times slower, is what the tests compare with.
"""

from typing import Final, TypeAlias

from hpack.table import HeaderTable as _Tables

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
from adapter.transport.http2.outlines import FIRST_DYNAMIC, LAST_SHORT, NO_OUTLINE, outline

Shape: TypeAlias = tuple[Field, ...]
"""The fields of a block in order, `NEW` in place of each that is new metadata."""

_REMEMBERED_LITERALS: Final = 64
_REMEMBERED_SIZE: Final = 512
_STATIC: Final = tuple(field(name, value) for name, value in _Tables.STATIC_TABLE)
_NOTHING: Final = Field("", "", 0, MALFORMED)
"""Stands at index 0, which no block may name."""


class BlockDecoder:
    """One connection's decoding context: its dynamic table (2.3.2), at most 4,096 octets."""

    def __init__(self, huffman: HuffmanDecoder) -> None:
        self._huffman = huffman
        self._fields = [_NOTHING, *_STATIC]
        self._size = 0
        self._max_size = DEFAULT_TABLE_SIZE
        self._literals: dict[bytes, Field] = {}
        self._outline = NO_OUTLINE
        self._shape: Shape = ()
        """Of the last block that was walked to its end."""
        self.changes = 0
        """Rises by one for each entry that enters the table, and whenever it gets another size:
        what blocks decoded to before may be over then."""

    def decode(self, block: bytes) -> tuple[Shape, list[Field]]:
        """The block's shape, and the metadata that is new in it.

        Raises ConnectionFault: the table would be out of step with the client's (4.3 of RFC 9113).
        """
        shape, runs = self._outline
        table, as_number = self._fields, int.from_bytes
        new: list[Field] = []
        position, passed, end = 0, 0, len(block)
        try:
            # What is as the outline says is taken in one go; from where it is not, it is walked.
            for size, number, step, inserted, highest, fields in runs:
                shift = self.changes - inserted
                oldest = highest + shift
                stop = position + size
                if oldest > LAST_SHORT or oldest >= len(table) or stop > end:
                    break
                if as_number(block[position:stop]) != number + shift * step:
                    break
                position = stop
                passed += fields
                if position == end or passed == len(shape) or not 0x40 <= block[position] < 0x80:
                    break
                literal, position = self._literal(block, position, 0x3F)
                self._insert(literal)
                if literal.role != PLAIN:
                    return self._walk(block, position, [*shape[:passed], literal], new)
                new.append(literal)
                passed += 1
            if position == end and passed == len(shape):
                return shape, new
            return self._walk(block, position, list(shape[:passed]), new)
        except IndexError as e:
            raise _fault("it is cut off, or names an entry that the table has not") from e
        except HuffmanError as broken:
            raise _fault(str(broken)) from broken

    def _walk(
        self, block: bytes, position: int, fields: list[Field], new: list[Field]
    ) -> tuple[Shape, list[Field]]:
        """Take field by field from that position on."""
        table = self._fields
        starts: list[int] = []
        inserted = [self.changes]
        end = len(block)
        while position < end:
            octet = block[position]
            starts.append(position)
            if 0x80 < octet < 0xFF:  # an entry of the table, named by one octet (6.1)
                position += 1
                fields.append(table[octet & 0x7F])
            elif octet >= 0x80:
                index, position = _integer(block, position, 0x7F)
                if not index:
                    raise _fault("it names the entry 0")
                fields.append(table[index])
            elif 0x20 <= octet < 0x40:  # a new size of the table (6.3), before any field (4.2)
                if fields:
                    raise _fault("it resizes the table after a field")
                size, position = _integer(block, position, 0x1F)
                self._resize(size)
                starts.pop()
            else:  # a literal that enters the table (6.2.1), or not (6.2.2), or never may (6.2.3)
                literal, position = self._literal(block, position, 0x3F if octet >= 0x40 else 0x0F)
                if octet >= 0x40:
                    self._insert(literal)
                if literal.role == PLAIN:
                    new.append(literal)
                    inserted.append(self.changes)
                    literal = NEW
                fields.append(literal)
        return self._learn(block, tuple(fields), starts, inserted), new

    def _learn(self, block: bytes, shape: Shape, starts: list[int], inserted: list[int]) -> Shape:
        """Make the outline anew, if blocks of that shape seem to be what comes."""
        if len(starts) != len(shape):  # a part was as the outline says; the next is walked whole
            self._outline = NO_OUTLINE
        elif len(inserted) > 1 and shape in (self._shape, self._outline.shape):
            self._outline = outline(block, shape, starts, inserted)
        self._shape = shape
        return shape

    def _literal(self, block: bytes, start: int, mask: int) -> tuple[Field, int]:
        """A literal and where it ends.

        One that does not take its name from a field that came before is of few values, as a rule:
        the path, which no encoder puts into the table, or whatever the table has lost and gets
        again. The same octets give the same field then. What changes, such as `traceparent`, has
        its name in the table.
        """
        index, position = block[start] & mask, start + 1
        if index == mask:
            index, position = _integer(block, start, mask)
        if index >= FIRST_DYNAMIC:
            coded, text, position = _string(block, position)
            value = self._huffman.decode(text) if coded else text
            return field_like(self._fields[index], value), position
        name_coded, name = 0, b""
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
        if found.size <= _REMEMBERED_SIZE:
            if len(self._literals) >= _REMEMBERED_LITERALS:
                self._literals.clear()
            self._literals[octets] = found

    def _decoded(self, coded: int, text: bytes) -> bytes:
        return self._huffman.decode(text) if coded else text

    def _insert(self, new: Field) -> None:
        self.changes += 1
        self._fields.insert(FIRST_DYNAMIC, new)
        self._size += new.size
        while self._size > self._max_size:
            self._size -= self._fields.pop().size

    def _resize(self, size: int) -> None:
        if size > DEFAULT_TABLE_SIZE:
            raise _fault("it makes the table larger than we allow")
        self.changes += 1
        self._outline = NO_OUTLINE
        self._max_size = size
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
    octet = block[position]
    length, start = octet & 0x7F, position + 1
    if length == 0x7F:
        length, start = _integer(block, position, 0x7F)
    end = start + length
    if end > len(block):
        raise _fault("it is cut off")
    return octet & 0x80, block[start:end], end


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
