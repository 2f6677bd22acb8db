"""From header fields to calls, and the memory that makes it cheap."""

from typing import Any

import pytest
from hpack import Encoder, HeaderTuple, NeverIndexedHeaderTuple
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.transport.caller_token import CallerToken
from adapter.transport.http2.calls import Call, CallReader, MalformedRequest, read_call
from adapter.transport.http2.header_fields import filled
from adapter.transport.http2.hpack_blocks import BlockDecoder
from adapter.transport.http2.huffman import HuffmanDecoder
from adapter.transport.service import Metadata, UnaryMethod

CHECK = "/test.Test/Check"
HUFFMAN = HuffmanDecoder()


def check(message: bytes, metadata: Metadata) -> bytes:
    """A unary method."""
    return b""


ROUTES = {CHECK: UnaryMethod(CHECK, check)}
REQUEST = {
    ":method": "POST",
    ":scheme": "http",
    ":path": CHECK,
    ":authority": "adapter",
    "te": "trailers",
    "content-type": "application/grpc",
}

Outcome = tuple[object, ...] | str


def trusting_reader(limit: int = 16_384) -> CallReader:
    """One whose client has shown who it is, so that it remembers calls."""
    reader = CallReader(BlockDecoder(HUFFMAN), ROUTES, limit)
    reader.trust()
    return reader


def read(*fields: tuple[str, str], limit: int = 16_384, **replaced: str | None) -> Call:
    """The call of a request, less the fields replaced by None."""
    changes = {name.replace("_", "-"): value for name, value in replaced.items()}
    pseudo = {name: changes.get(name.lstrip(":"), value) for name, value in REQUEST.items()}
    kept = [(name, value) for name, value in pseudo.items() if value is not None]
    block = Encoder().encode([*kept, *fields])
    return CallReader(BlockDecoder(HUFFMAN), ROUTES, limit).read(block)


def test_a_call() -> None:
    """Method, metadata, timeout and the body's length are read; what is ours is no metadata."""
    call = read(
        ("x-a", "1"),
        ("x-b", "2"),
        ("x-a", "3"),
        ("grpc-timeout", "250m"),
        ("content-length", "12"),
    )
    assert call.unary is check
    assert call.metadata == {"x-a": "3", "x-b": "2"}
    assert (call.timeout_s, call.content_length, call.compressed) == (0.25, 12, False)
    assert read(("grpc-encoding", "gzip")).compressed


@pytest.mark.parametrize(
    ("text", "timeout_s"),
    [("2H", 7200), ("3M", 180), ("4S", 4), ("5m", 0.005), ("6u", 6e-6), ("7n", 7e-9), ("0S", 0)],
)
def test_timeouts(text: str, timeout_s: float) -> None:
    """All units of `grpc-timeout`."""
    assert read(("grpc-timeout", text)).timeout_s == pytest.approx(timeout_s)


@pytest.mark.parametrize(
    ("request_", "http_status", "grpc_status"),
    [
        ({"content_type": "text/plain"}, 415, 0),
        ({"content_type": None}, 415, 0),
        ({"content_type": "application/grpcx"}, 415, 0),
        ({"method": "GET"}, 405, 0),
        ({"path": "/test.Test/Unknown"}, 200, 12),
    ],
)
def test_refusals(request_: dict[str, Any], http_status: int, grpc_status: int) -> None:
    """What is not gRPC gets an HTTP status, an unknown method UNIMPLEMENTED."""
    call = read(**request_)
    assert call.refusal is not None
    assert (call.refusal.http_status, call.refusal.grpc_status) == (http_status, grpc_status)
    assert call.unary is None


@pytest.mark.parametrize("timeout", ["", "5", "m", "123456789S", "-1S", "1.5S", "1 S"])
def test_malformed_timeouts(timeout: str) -> None:
    """They are refused, as grpc-go does."""
    call = read(("grpc-timeout", timeout))
    assert call.refusal is not None
    assert call.refusal.grpc_status == 13


@pytest.mark.parametrize("content_type", ["application/grpc+proto", "application/grpc;a=b"])
def test_kinds_of_grpc(content_type: str) -> None:
    """A message format may be named."""
    assert read(content_type=content_type).unary is check


def test_too_many_fields() -> None:
    """A list over the limit is a refusal that is counted, not the end of the connection."""
    call = read(("x", "y" * 600), limit=600)
    assert call.refusal is not None
    assert (call.refusal.grpc_status, call.refusal.kind) == (8, "header_list")


@pytest.mark.parametrize(
    "fields",
    [
        {":method": None},
        {":scheme": None},
        {":path": None},
        {":path": ""},
        {"connection": "close"},
        {"te": "gzip"},
        {"Upper": "a"},
        {":status": "200"},
    ],
)
def test_malformed_requests(fields: dict[str, str | None]) -> None:
    """RFC 9113, 8.2 and 8.3: what is no HTTP request."""
    wanted = [(name, value) for name, value in (REQUEST | fields).items() if value is not None]
    wanted.sort(key=lambda field: not field[0].startswith(":"))
    reader = CallReader(BlockDecoder(HUFFMAN), ROUTES, 16_384)
    with pytest.raises(MalformedRequest):
        reader.read(Encoder().encode(wanted))


@pytest.mark.parametrize("twice", [":path", ":method"])
def test_pseudo_fields_stand_first_and_once(twice: str) -> None:
    """RFC 9113, 8.3: neither again, nor after another field, even one that no table held."""
    for fields in (
        [*REQUEST.items(), (twice, REQUEST[twice])],
        [("x-new", "1"), *REQUEST.items()],
        [(twice, REQUEST[twice]), *REQUEST.items()],
    ):
        with pytest.raises(MalformedRequest):
            CallReader(BlockDecoder(HUFFMAN), ROUTES, 16_384).read(Encoder().encode(fields))


def test_trailers() -> None:
    """Trailers hold no pseudo-fields, and their block counts for the table like any other."""
    encoder, reader = Encoder(), CallReader(BlockDecoder(HUFFMAN), ROUTES, 16_384)
    assert reader.read_trailers(encoder.encode([("x-sum", "1")]))
    assert not reader.read_trailers(encoder.encode([(":path", "/")]))
    assert reader.read(encoder.encode([*REQUEST.items(), ("x-sum", "1")])).metadata == {
        "x-sum": "1"
    }


NAMES = st.sampled_from(["x-a", "x-b", "x-c", "traceparent", "grpc-timeout", "te", ":path", "Bad"])
EXTRA = st.builds(
    lambda kind, name, value: kind(name, value),
    st.sampled_from([HeaderTuple, HeaderTuple, NeverIndexedHeaderTuple]),
    NAMES,
    st.sampled_from(["1S", "trailers", "", CHECK]) | st.text("0123456789abcdef", max_size=60),
)


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.lists(EXTRA, max_size=4),
            st.integers(0, 9),
            st.none() | st.integers(0, 400),
            st.lists(st.sampled_from(["traceparent", "x-a", "x-b"]), max_size=2),
        ),
        max_size=20,
    )
)
def test_memory_changes_nothing(
    requests: list[tuple[list[HeaderTuple], int, int | None, list[str]]],
) -> None:
    """With its memory a reader reads every sequence of blocks as one without any would.

    Each request comes four times, with new values for some of its fields.
    """
    encoder = Encoder()
    plain = BlockDecoder(HUFFMAN)
    reader = trusting_reader(600)
    for index, (extra, position, table_size, traced) in enumerate(requests):
        if table_size is not None:
            encoder.header_table_size = table_size
        fields: list[Any] = list(REQUEST.items())
        fields[position:position] = extra
        for time in range(4):
            block = encoder.encode([*fields, *((name, f"{index}-{time}") for name in traced)])
            assert outcome(reader, block) == plain_outcome(plain, block)


def outcome(reader: CallReader, block: bytes) -> Outcome:
    """What the reader says."""
    try:
        return said(reader.read(block))
    except MalformedRequest:
        return "malformed"


def said(call: Call) -> tuple[object, ...]:
    """All that it says."""
    return (
        call.unary,
        call.metadata,
        call.content_length,
        call.route,
        call.refusal,
        call.timeout_s,
        call.compressed,
        call.list_bytes,
    )


def plain_outcome(decoder: BlockDecoder, block: bytes) -> Outcome:
    """What the block says."""
    fields = filled(*decoder.decode(block))
    try:
        return said(read_call(fields, ROUTES, 600))
    except MalformedRequest:
        return "malformed"


def test_what_is_remembered() -> None:
    """A repeated block gives the same object; a table that changes in between makes it forget."""
    encoder, reader = Encoder(), trusting_reader()
    reader.read(encoder.encode(REQUEST.items()))
    repeated = encoder.encode(REQUEST.items())
    first = reader.read(repeated)
    assert reader.read(repeated) is first
    reader.read(encoder.encode([*REQUEST.items(), ("x-new", "1")]))
    assert outcome(reader, repeated) != said(first), "the same octets name other entries now"


def test_what_calls_share() -> None:
    """A repeated block gives the same metadata; one with a new field, the same strings in it.

    And what was handed out stays as it was.
    """
    encoder, reader = Encoder(), trusting_reader()
    fields = [*REQUEST.items(), ("x-token", "secret")]
    reader.read(encoder.encode(fields))
    plain = reader.read(encoder.encode(fields)).metadata
    traced = [
        reader.read(encoder.encode([*fields, ("traceparent", str(number))])).metadata
        for number in range(3)
    ]
    assert reader.read(encoder.encode(fields)).metadata is plain
    assert all(metadata["x-token"] is plain["x-token"] for metadata in traced)
    assert plain == {"x-token": "secret"}
    assert [metadata["traceparent"] for metadata in traced] == ["0", "1", "2"]


def test_nothing_of_a_stranger_is_remembered() -> None:
    """What a client that has not shown who it is makes us keep does not grow with its calls."""
    encoder, reader = Encoder(), CallReader(BlockDecoder(HUFFMAN), ROUTES, 16_384)
    blocks = [encoder.encode(REQUEST.items()) for _ in range(3)]
    calls = [reader.read(block) for block in blocks]
    assert reader.remembered == {}
    assert calls[1] is not calls[2]


def test_no_long_list_of_fields_is_remembered() -> None:
    """What one connection makes us keep is bounded in octets, also for those that we trust."""
    encoder, reader = Encoder(), trusting_reader()
    long = [*REQUEST.items(), *((f"x-{number}", "y" * 3000) for number in range(2))]
    encoder.encode(long)
    reader.read(Encoder().encode(long))
    repeated = Encoder().encode(long)
    assert reader.read(repeated) is not reader.read(repeated)
    assert reader.remembered == {}


TOKEN = CallerToken("s\u00e9cret")


def with_token(*given: str, reader: CallReader | None = None) -> Call:
    """The call that brings these as its token."""
    reader = reader or CallReader(BlockDecoder(HUFFMAN), ROUTES, 16_384, TOKEN)
    fields = [*REQUEST.items(), *(("x-adapter-token", text) for text in given)]
    return reader.read(Encoder().encode(fields))


@pytest.mark.parametrize(
    "given", [(), ("",), ("wrong",), ("s\udcffcret",), ("s\u00e9cret", "wrong")]
)
def test_a_call_without_the_token_is_refused(given: tuple[str, ...]) -> None:
    """By its fields alone, and without a word of what the token is."""
    call = with_token(*(text.encode("utf-8", "replace").decode() for text in given))
    assert call.refusal is not None
    assert call.refusal.grpc_status == 16
    assert "cret" not in call.refusal.message
    assert call.unary is None


@pytest.mark.parametrize("given", ["100%ours", "100%%ours"])
def test_a_token_may_come_as_envoys_configuration_spells_it(given: str) -> None:
    """Envoy replaces %% in the metadata of Checks, but not in that of access logs."""
    reader = CallReader(BlockDecoder(HUFFMAN), ROUTES, 16_384, CallerToken("100%ours"))
    assert with_token(given, reader=reader).refusal is None
    other = CallReader(BlockDecoder(HUFFMAN), ROUTES, 16_384, CallerToken("100%%ours"))
    assert (with_token("100%ours", reader=other).refusal is None) is False


def test_a_call_with_the_token_is_taken() -> None:
    """Also where the token is the field that is new in each call."""
    assert with_token("s\u00e9cret").unary is check
    encoder, reader = Encoder(), CallReader(BlockDecoder(HUFFMAN), ROUTES, 16_384, TOKEN)
    reader.trust()
    fields = list(REQUEST.items())
    tokens = ["wrong", "s\u00e9cret", "wrong", "s\u00e9cret"]
    calls = [
        reader.read(encoder.encode([*fields, NeverIndexedHeaderTuple("x-adapter-token", token)]))
        for token in tokens
    ]
    assert [call.refusal is None for call in calls] == [False, True, False, True]
