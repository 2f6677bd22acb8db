"""Huffman strings of HPACK, compared with the `hpack` library."""

from contextlib import suppress

import pytest
from hpack import HPACKError
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from hpack.huffman_table import decode_huffman
from hypothesis import given
from hypothesis import strategies as st

from adapter.transport.http2.huffman import HuffmanDecoder, HuffmanError

HUFFMAN = HuffmanDecoder()
"""Shared, as in a server."""


@given(st.lists(st.binary(max_size=80)))
def test_huffman_strings(texts: list[bytes]) -> None:
    """What the reference encodes we decode, one after the other."""
    encoder = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)
    for text in texts:
        assert HUFFMAN.decode(encoder.encode(text)) == text


@pytest.mark.parametrize("symbol", range(256))
def test_huffman_symbols(symbol: int) -> None:
    """Each symbol, with each length of padding behind it."""
    encoder = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)
    for zeros in range(8):
        text = b"0" * zeros + bytes((symbol,))
        assert HUFFMAN.decode(encoder.encode(text)) == text


@given(st.lists(st.binary(max_size=30) | st.lists(st.sampled_from([255, 254, 0])).map(bytes)))
def test_huffman_octets(strings: list[bytes]) -> None:
    """Random octets are the string that the reference sees in them, or none.

    Neither does it matter to the string behind them.
    """
    for octets in strings:
        try:
            expected = decode_huffman(octets)
        except HPACKError:
            expected = None
        ours = None
        with suppress(HuffmanError):
            ours = HUFFMAN.decode(octets)
        assert ours == expected


@pytest.mark.parametrize("first", range(256))
def test_huffman_ends(first: int) -> None:
    """Every way in which the last two octets may end: inside a symbol, in padding, in too much."""
    for second in range(256):
        octets = bytes((first, second))
        try:
            expected = decode_huffman(octets)
        except HPACKError:
            with pytest.raises(HuffmanError):
                HUFFMAN.decode(octets)
        else:
            assert HUFFMAN.decode(octets) == expected
