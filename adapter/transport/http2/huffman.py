# mypyc: compiled
"""The Huffman code of header strings (RFC 7541, 5.2 and appendix B), decoded by zlib.

This code is canonical, like DEFLATE's codes (RFC 1951, 3.2.2): the code lengths define it. So a
string is a DEFLATE block of literals, except for the order of bits in a byte. DEFLATE's codes have
at most 15 bits. The longer codes here belong to symbols that are rare in headers, and all start
with fifteen ones, which is an unused code of 15 bits. We define it as the end of the DEFLATE block:
if zlib reaches it, `OctetDecoder` decodes the string instead.
"""

import zlib
from typing import Final

from hpack.huffman_constants import REQUEST_CODES_LENGTH

from adapter.transport.http2.huffman_octets import HuffmanError, OctetDecoder

__all__ = ["HuffmanDecoder", "HuffmanError"]

_LONGEST: Final = 15
_REVERSED: Final = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""Reverses the bits of bytes, because DEFLATE fills a byte from its other end."""
_FENCE: Final = bytes((0x7C, 0x60)).translate(_REVERSED)
"""Appended to each string. Wherever the string ends within a byte, zlib is between two symbols
afterwards, ready for the next string. Each valid padding becomes three known symbols."""


def _head() -> bytes:
    """The header of a DEFLATE block with this code (RFC 1951, 3.2.7)."""
    lengths = [length if length <= _LONGEST else 0 for length in REQUEST_CODES_LENGTH[:256]]
    lengths += [_LONGEST, 1]  # the end of the block, and one required but unused distance
    bits = "101"  # the last block, dynamic code: 257 symbols, 1 distance,
    bits += "00000" + "00000" + "1111"  # and 19 code length codes:
    bits += "000" * 3 + "001" * 16  # none for repetitions, four bits for each length
    bits += "".join(f"{length:04b}" for length in lengths)
    bits += "010110"  # a "-", so that the first string starts at a byte
    return int(bits[::-1], 2).to_bytes(len(bits) // 8, "little")


_HEAD: Final = _head()


class HuffmanDecoder:
    """Decodes strings; all connections share it."""

    def __init__(self) -> None:
        self._octets = OctetDecoder()
        self._zlib = _inside_a_block()
        self._endings = {self._ending(zeros) for zeros in range(8)}

    def decode(self, encoded: bytes) -> bytes:
        """Decode a string; raises HuffmanError if it is invalid."""
        decoded = self._zlib.decompress(encoded.translate(_REVERSED) + _FENCE)
        if self._zlib.eof:
            self._zlib = _inside_a_block()
            return self._octets.decode(encoded)
        if decoded[-3:] not in self._endings:
            raise HuffmanError("the string ends inside a symbol")
        return decoded[:-3]

    def _ending(self, zeros: int) -> bytes:
        """The symbols of the padding after this many characters `0` of five zero bits each."""
        size = (5 * zeros + 7) // 8
        padding = (1 << 8 * size - 5 * zeros) - 1
        octets = padding.to_bytes(size).translate(_REVERSED)
        return self._zlib.decompress(octets + _FENCE)[zeros:]


def _inside_a_block() -> "zlib._Decompress":
    """A decompressor that has read the header."""
    inflater = zlib.decompressobj(wbits=-9)
    inflater.decompress(_HEAD)
    return inflater
