# mypyc: compiled
"""The Huffman code of header strings (RFC 7541, 5.2 and appendix B), decoded by zlib.

Like DEFLATE's codes (RFC 1951, 3.2.2) this one is canonical: the lengths alone say it all. DEFLATE
has none longer than 15 bits; here the longer ones, of symbols that headers hardly hold, all begin
with fifteen ones, and that is the one code of 15 bits which is free. So it ends the DEFLATE block,
and up to there a string is a DEFLATE block of literals but for the order of the bits in an octet.
"""

import zlib
from typing import Final

from hpack.huffman_constants import REQUEST_CODES_LENGTH

from adapter.transport.http2.huffman_octets import HuffmanError, OctetDecoder

__all__ = ["HuffmanDecoder", "HuffmanError"]

_LONGEST: Final = 15
_REVERSED: Final = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""DEFLATE fills an octet from its other end."""
_FENCE: Final = bytes((0x7C, 0x60)).translate(_REVERSED)
"""Goes behind each string. Wherever in a symbol that ends, zlib is between two symbols then, ready
for the next string; and padding of each length, with this, makes three symbols of its own."""


def _head() -> bytes:
    """The head of a DEFLATE block with this code (RFC 1951, 3.2.7)."""
    lengths = [length if length <= _LONGEST else 0 for length in REQUEST_CODES_LENGTH[:256]]
    lengths += [_LONGEST, 1]  # the end of the block, and one distance, which must be but is unused
    bits = "101"  # the last block, of a code that is given here: 257 symbols, 1 distance, and
    bits += "00000" + "00000" + "1111"  # 19 lengths of the code that the lengths come in,
    bits += "000" * 3 + "001" * 16  # none for repetitions, and four bits for each length
    bits += "".join(f"{length:04b}" for length in lengths)
    bits += "010110"  # a "-", so that the first string begins with an octet
    return int(bits[::-1], 2).to_bytes(len(bits) // 8, "little")


_HEAD: Final = _head()


class HuffmanDecoder:
    """Decodes one string after the other; shared by all connections."""

    def __init__(self) -> None:
        self._octets = OctetDecoder()
        self._zlib = _inside_a_block()
        self._endings = {self._ending(zeros) for zeros in range(8)}

    def decode(self, encoded: bytes) -> bytes:
        """The string; raises HuffmanError where there is none."""
        decoded = self._zlib.decompress(encoded.translate(_REVERSED) + _FENCE)
        if self._zlib.eof:
            self._zlib = _inside_a_block()
            return self._octets.decode(encoded)
        if decoded[-3:] not in self._endings:
            raise HuffmanError("the string ends inside a symbol")
        return decoded[:-3]

    def _ending(self, zeros: int) -> bytes:
        """What the padding of so many characters `0` becomes; each is five bits, all zero."""
        size = (5 * zeros + 7) // 8
        padding = (1 << 8 * size - 5 * zeros) - 1
        octets = padding.to_bytes(size).translate(_REVERSED)
        return self._zlib.decompress(octets + _FENCE)[zeros:]


def _inside_a_block() -> "zlib._Decompress":
    """A decompressor that has read the head."""
    inflater = zlib.decompressobj(wbits=-9)
    inflater.decompress(_HEAD)
    return inflater
