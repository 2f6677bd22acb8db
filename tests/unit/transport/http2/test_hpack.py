"""HPACK, compared with the `hpack` library."""

from itertools import pairwise
from typing import Any

import pytest
from hpack import Decoder, Encoder, HeaderTuple, HPACKError, NeverIndexedHeaderTuple
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.transport.http2.frames import ConnectionFault, ErrorCode
from adapter.transport.http2.header_fields import MALFORMED, filled
from adapter.transport.http2.hpack_blocks import BlockDecoder, literal_block
from adapter.transport.http2.huffman import HuffmanDecoder

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
    shape, new = ours.decode(block)
    ours.expect(shape)
    fields = filled(shape, new)
    assert [(f.name, f.value, f.size) for f in fields] == [
        (n.decode("latin-1"), v.decode("utf-8", "replace"), 32 + len(n) + len(v))
        for n, v in expected
    ]
    return True


def decoders() -> tuple[Decoder, BlockDecoder]:
    """One of each, neither bounded by the size of a list; ours remembers what it may."""
    ours = BlockDecoder(HUFFMAN)
    ours.remembers = True
    return Decoder(max_header_list_size=1 << 30), ours


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


BASE = [
    (b":method", b"POST"),
    (b":scheme", b"http"),
    NeverIndexedHeaderTuple(b":path", b"/test.Test/Check"),
    (b":authority", b"adapter"),
    (b"te", b"trailers"),
    (b"x-token", b"secret"),
    (b"x-forwarded-for", b"127.0.0.1"),
]
TRACES = st.fixed_dictionaries(
    {
        "names": st.lists(
            st.sampled_from([b"traceparent", b"x-b3-traceid", b"tracestate", b"te", b"Bad"]),
            min_size=1,
            max_size=3,
        ),
        "kind": st.sampled_from([HeaderTuple, HeaderTuple, NeverIndexedHeaderTuple]),
        "position": st.integers(0, len(BASE)),
        "huffman": st.booleans(),
        "times": st.integers(1, 12),
    }
)
DAMAGE = st.none() | st.none() | st.tuples(st.integers(0, 90), st.integers(-3, 3))


@settings(max_examples=300)
@given(st.integers(0, 4096), st.lists(TRACES, min_size=1, max_size=6), st.data())
def test_blocks_of_a_client_that_traces(
    table_size: int, spells: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Blocks that differ in a few new fields only, now and then also in an octet that they may not.

    The table is small enough, sometimes, to lose entries and get them again.
    """
    encoder = Encoder()
    encoder.header_table_size = table_size
    reference, ours = decoders()
    for spell in spells:
        for _ in range(spell["times"]):
            new = [spell["kind"](n, data.draw(st.binary(max_size=9)).hex()) for n in spell["names"]]
            fields = [*BASE[: spell["position"]], *new, *BASE[spell["position"] :]]
            block = bytearray(encoder.encode(fields, huffman=spell["huffman"]))
            damage = data.draw(DAMAGE)
            if damage and damage[0] < len(block):
                position, change = damage
                block[position] = (block[position] + change) % 256
                del block[len(block) if change else position :]
            if not both(reference, ours, bytes(block)):
                return


def entering(name: bytes, value: bytes) -> bytes:
    """A literal that enters the table."""
    return b"\x40" + bytes((len(name),)) + name + bytes((len(value),)) + value


NEW = entering(b"t", b"1")
"""What a client that traces adds to each block: 34 octets of the table."""
FIRST = entering(b"te", b"trailers")
"""What all its blocks name."""


@pytest.mark.parametrize(
    ("before", "numbers"),
    [
        pytest.param([b"\x3f\x60" + FIRST], [62, 63, 64, 65], id="an entry that the table lost"),
        pytest.param(
            [FIRST, *[NEW] * 61], [123, 124, 125, 126, 127, 128], id="a number of two octets"
        ),
    ],
)
def test_where_a_shape_ends(before: list[bytes], numbers: list[int]) -> None:
    """The number of an entry goes up as new ones come, to where there is none, or by two octets."""
    reference, ours = decoders()
    for block in before:
        assert both(reference, ours, block)
    for number in numbers:
        octets = bytes((0x80 | number,)) if number < 127 else bytes((0xFF, number - 127))
        if not both(reference, ours, octets + NEW):
            break


def test_a_shape_and_a_shorter_block() -> None:
    """What ends before the shape does is another shape."""
    reference, ours = decoders()
    bad_name = b"\x00\x01\x01\x00"
    for _ in range(3):
        assert both(reference, ours, NEW + bad_name)
    assert both(reference, ours, NEW)
    bad_authority = bad_name[1:]
    assert both(reference, ours, NEW + bad_authority)


def test_a_shape_and_a_longer_block() -> None:
    """Behind the shape new fields may follow, and others."""
    for more in (NEW, NEW + NEW, NEW + b"\x82", b"\x82" + NEW, b"\x82"):
        reference, ours = decoders()
        for _ in range(3):
            assert both(reference, ours, b"\x83" + NEW)
        assert both(reference, ours, b"\x83" + NEW + more)


def test_a_shape_and_another_size_of_the_table() -> None:
    """What makes the table another size moves no entry."""
    reference, ours = decoders()
    assert both(reference, ours, entering(b"a", b"b") + FIRST)
    for number in (62, 63, 64):
        assert both(reference, ours, bytes((0x80 | number,)) + NEW)
    assert both(reference, ours, b"\x3f\xe1\x1f\x82")
    for number in (66, 66):  # once the older entry, then what all its blocks name
        assert both(reference, ours, bytes((0x80 | number,)) + NEW)


def test_a_shape_is_followed() -> None:
    """A block of the same shape as the one before has the very same shape, not an equal one.

    So it is again after the table has lost the other fields, and they have come again.
    """
    encoder, (_, decoder) = Encoder(), decoders()
    shapes = []
    for number in range(200):
        new = [(b"traceparent", b"00-%055d" % number), (b"x-b3-spanid", b"%d" % number)]
        shapes.append(decoder.decode(encoder.encode([*BASE, *new], huffman=True))[0])
        decoder.expect(shapes[-1])
    followed = sum(shape is before for before, shape in pairwise(shapes))
    assert followed > 150


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
