"""HPACK, compared with the `hpack` library."""

from contextlib import suppress

import pytest
from hpack import Decoder, Encoder, HeaderTuple, HPACKError, NeverIndexedHeaderTuple
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from hpack.huffman_table import decode_huffman
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.transport.http2.frames import ConnectionFault, ErrorCode
from adapter.transport.http2.header_fields import MALFORMED, filled
from adapter.transport.http2.hpack_blocks import BlockDecoder, literal_block
from adapter.transport.http2.huffman import HuffmanDecoder, HuffmanError

HUFFMAN = HuffmanDecoder()
"""Shared, as in a server."""

NAMES = st.sampled_from([b":path", b"te", b"x-a", b"x-b", b"traceparent", b"cookie"]) | st.binary(
    min_size=1, max_size=20
)
VALUES = st.sampled_from([b"", b"/", b"trailers", b"GET"]) | st.binary(max_size=60)
FIELDS = st.builds(
    lambda kind, name, value: kind(name, value),
    st.sampled_from([HeaderTuple, NeverIndexedHeaderTuple]),
    NAMES,
    VALUES,
)
BLOCKS = st.lists(
    st.tuples(
        st.lists(FIELDS, min_size=1, max_size=8),
        st.booleans(),
        st.none() | st.integers(0, 4096),
    ),
    min_size=1,
    max_size=12,
)


def both(reference: Decoder, ours: BlockDecoder, block: bytes) -> bool:
    """Decode with both; tells whether the block was sound."""
    try:
        expected = [(bytes(n), bytes(v)) for n, v in reference.decode(block, raw=True)]
    except HPACKError:
        with pytest.raises(ConnectionFault) as raised:
            ours.decode(block)
        assert raised.value.code is ErrorCode.COMPRESSION_ERROR
        return False
    fields = filled(*ours.decode(block))
    assert [(f.name, f.value, f.size) for f in fields] == [
        (n.decode("latin-1"), v.decode("utf-8", "replace"), 32 + len(n) + len(v))
        for n, v in expected
    ]
    return True


def decoders() -> tuple[Decoder, BlockDecoder]:
    """One of each, neither bounded by the size of a list."""
    return Decoder(max_header_list_size=1 << 30), BlockDecoder(HUFFMAN)


@given(BLOCKS)
def test_blocks_of_an_encoder(
    blocks: list[tuple[list[HeaderTuple], bool, int | None]],
) -> None:
    """Whatever an encoder sends, block after block, reads as the reference reads it."""
    encoder = Encoder()
    reference, ours = decoders()
    for fields, huffman, table_size in blocks:
        if table_size is not None:
            encoder.header_table_size = table_size
        assert both(reference, ours, encoder.encode(fields, huffman=huffman))


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_blocks_of_a_stranger(blocks: list[bytes]) -> None:
    """Random octets are refused exactly where the reference refuses them."""
    reference, ours = decoders()
    for block in blocks:
        if not both(reference, ours, block):
            break


@settings(max_examples=300)
@given(BLOCKS, st.data())
def test_damaged_blocks(
    blocks: list[tuple[list[HeaderTuple], bool, int | None]], data: st.DataObject
) -> None:
    """So are blocks that were right but for one octet, or are cut off."""
    encoder = Encoder()
    reference, ours = decoders()
    for fields, huffman, _ in blocks:
        block = bytearray(encoder.encode(fields, huffman=huffman))
        position = data.draw(st.integers(0, len(block) - 1))
        if data.draw(st.booleans()):
            block[position] = data.draw(st.integers(0, 255))
        else:
            del block[position:]
        if not both(reference, ours, bytes(block)):
            break


@given(st.binary(max_size=80))
def test_huffman_strings(text: bytes) -> None:
    """What the reference encodes we decode."""
    encoded = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH).encode(text)
    assert HUFFMAN.decode(encoded) == text


@given(st.binary(max_size=30))
def test_huffman_octets(octets: bytes) -> None:
    """Random octets are the string that the reference sees in them, or none."""
    try:
        expected = decode_huffman(octets)
    except HPACKError:
        expected = None
    ours = None
    with suppress(HuffmanError):
        ours = HUFFMAN.decode(octets)
    assert ours == expected


def test_the_rfcs_own_example() -> None:
    """RFC 7541, C.4: three requests with Huffman coding and a growing table."""
    _, decoder = decoders()
    for block, count in (
        ("828684418cf1e3c2e5f23a6ba0ab90f4ff", 4),
        ("828684be5886a8eb10649cbf", 5),
        ("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", 5),
    ):
        fields = filled(*decoder.decode(bytes.fromhex(block)))
        assert len(fields) == count
    assert [(f.name, f.value) for f in fields][3:] == [
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ]


@pytest.mark.parametrize("block", ["c0", "ffd17f", "7f0101", "80", "0f7f01", "3fe21f"])
def test_what_no_table_has(block: str) -> None:
    """An entry that is not there, alone or for its name, or too large a table, is an error."""
    _, decoder = decoders()
    with pytest.raises(ConnectionFault) as raised:
        decoder.decode(bytes.fromhex(block))
    assert raised.value.code is ErrorCode.COMPRESSION_ERROR


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Upper", b"a"),
        (b"with space", b"a"),
        (b"", b"a"),
        (b":unknown", b"a"),
        (b":status", b"200"),
        (b"x", b"a\r\nb"),
        (b"x", b"a\0"),
        (b"x", b" a"),
        (b"x", b"a\t"),
        (b"connection", b"close"),
        (b"transfer-encoding", b"chunked"),
        (b"te", b"gzip"),
        (b"content-length", b"-1"),
        (b"content-length", b"9" * 5000),
    ],
)
def test_fields_that_no_request_may_have(name: bytes, value: bytes) -> None:
    """They are decoded, since the table depends on it, but known as malformed, also again."""
    encoder = Encoder()
    _, decoder = decoders()
    for _ in range(2):
        fields = filled(*decoder.decode(encoder.encode([(name, value)])))
        assert [f.role for f in fields] == [MALFORMED]


def test_a_bad_value_does_not_spoil_its_name() -> None:
    """A literal that takes only the name of a malformed entry is judged by its own value."""
    encoder = Encoder()
    _, decoder = decoders()
    decoder.decode(encoder.encode([(b"te", b"gzip")]))
    fields = filled(*decoder.decode(encoder.encode([(b"te", b"trailers")])))
    assert [f.role == MALFORMED for f in fields] == [False]


@given(st.lists(st.tuples(st.text("ab-", min_size=1), st.text("ab ", max_size=400)), max_size=5))
def test_blocks_that_we_send(fields: list[tuple[str, str]]) -> None:
    """The reference reads them, and its table stays as it was."""
    reference = Decoder(max_header_list_size=1 << 30)
    assert [(str(n), str(v)) for n, v in reference.decode(literal_block(*fields))] == fields
    assert not reference.header_table.dynamic_entries
