"""The fast reader of entries says the same as the protobuf reader, or nothing."""

from typing import Any

import pytest
from envoy.data.accesslog.v3 import accesslog_pb2 as envoy
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapter.analytics.entry import protobuf_reader
from adapter.analytics.entry.entry import FINAL
from tests.unit.analytics.agreement import agree
from tests.unit.analytics.envoy_log import HTTP_FILTER, NETWORK_FILTER, denied_entry, http_entry

texts = st.text(max_size=10) | st.text("a?", max_size=5) | st.integers(120, 20_000).map("x".__mul__)
numbers = st.integers(0, 2**31 - 1)
filters = st.sampled_from([HTTP_FILTER, NETWORK_FILTER, "envoy.filters.http.rbac", ""])
keys = st.sampled_from(["api", "caller", "decision_id", "ext_authz_duration", "grpc-status", ""])
MAPS = {
    "request_headers": st.dictionaries(keys, texts),
    "response_headers": st.dictionaries(keys, texts),
    "response_trailers": st.dictionaries(keys, texts),
    "custom_tags": st.dictionaries(keys, texts),
}
METADATA = st.dictionaries(filters, st.dictionaries(keys, texts))
VALUES: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: texts,
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=10),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_DOUBLE: st.floats(),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**63 - 1),
}


@st.composite
def plain_http(draw: st.DrawFn) -> bytes:
    """Entries with any fields that Envoy has."""
    entry = envoy.HTTPAccessLogEntry()
    fill(draw, entry)
    return written(draw, entry)


@st.composite
def plain_tcp(draw: st.DrawFn) -> bytes:
    """The same for the TCP logger."""
    entry = envoy.TCPAccessLogEntry()
    fill(draw, entry)
    return written(draw, entry)


def fill(draw: st.DrawFn, message: Any, depth: int = 0) -> None:
    """Set some fields of a message, including fields that we do not read."""
    known = tuple(message.DESCRIPTOR.fields)
    for field in draw(st.lists(st.sampled_from(known), unique=True)) if known else ():
        if field.name in MAPS:
            getattr(message, field.name).update(draw(MAPS[field.name]))
        elif field.name == "filter_metadata":
            for name, said in draw(METADATA).items():
                message.filter_metadata[name].update(said)
        elif field.is_repeated:
            continue
        elif field.type != FieldDescriptor.TYPE_MESSAGE:
            setattr(message, field.name, draw(VALUES.get(field.type, numbers)))
        elif depth < 4:
            getattr(message, field.name).SetInParent()
            fill(draw, getattr(message, field.name), depth + 1)


def written(draw: st.DrawFn, entry: Any) -> bytes:
    """The bytes of the entry, made a final one."""
    entry.common_properties.access_log_type = draw(st.sampled_from(FINAL))
    octets: bytes = entry.SerializeToString()
    return octets


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Entries with bytes changed, removed, repeated or inserted."""
    octets = draw(plain_http() | plain_tcp() | st.builds(ordinary, st.booleans()))
    for _ in range(draw(st.integers(0, 4))):
        start, stop = sorted(draw(st.tuples(*[st.integers(0, len(octets))] * 2)))
        between = draw(st.binary(max_size=3) | st.just(2 * octets[start:stop]))
        octets = octets[:start] + between + octets[min(stop, start + 3) :]
    return octets


def ordinary(denied: bool) -> bytes:
    """An entry as most entries are."""
    entry = denied_entry(headers={"grpc-status": "7"}) if denied else http_entry()
    octets: bytes = entry.SerializeToString()
    return octets


@given(plain_http())
def test_the_fast_reader_reads_what_envoy_writes(octets: bytes) -> None:
    """Any entry that Envoy logs is read without the protobuf library, and says the same."""
    reads_http, _ = agree(octets)
    assert reads_http


@given(plain_tcp())
def test_the_fast_reader_reads_what_the_tcp_logger_writes(octets: bytes) -> None:
    """The same for entries of TCP connections."""
    _, reads_tcp = agree(octets)
    assert reads_tcp


@settings(max_examples=500)
@given(damaged())
@example(b"")
@example(b"\n")
@example(b"\n\x00")
@example(b"\x00\x00")
@example(b"\x8a\x00\x00")
def test_the_fast_reader_agrees_or_leaves_the_entry_alone(octets: bytes) -> None:
    """No damaged entry says one thing in a compiled build and another in the other build."""
    agree(octets)


@settings(max_examples=30)
@given(damaged())
def test_a_truncated_entry_does_not_make_the_fast_reader_raise(octets: bytes) -> None:
    """Wherever the bytes end."""
    for size in range(min(len(octets), 500)):
        agree(octets[:size])


def field(number: int, content: bytes) -> bytes:
    """A field with a length."""
    tag = number << 3 | 2
    head = bytes([tag]) if tag < 0x80 else bytes([tag & 0x7F | 0x80, tag >> 7])
    return head + bytes([len(content)]) + content


ADDRESS = field(2, field(1, field(2, b"8.8.8.8")))
HALVES = (b"\x08\x01", b"\x10\x02")


@pytest.mark.parametrize(
    "octets",
    [
        field(1, ADDRESS) + field(1, field(26, b"id")),
        field(1, ADDRESS + ADDRESS),
        field(1, field(2, field(1, b"") + field(1, b""))),
        *[field(1, field(n, HALVES[0]) + field(n, HALVES[1])) for n in (5, 11, 12, 23)],
        field(1, field(17, b"") + field(17, b"")),
        field(1, field(16, field(13, b"") + field(13, b"\x08\x01"))),
        field(4, field(1, b"") + field(1, b"\x08\x01")),
        field(1, field(26, b"id") + ADDRESS),
        field(1, field(5, b"\x08" + b"\xff" * 9 + b"\x01")),
        field(1, field(23, b"\x10\xff\xff\xff\xff\x0f")),
        field(3, b"\x08\x81\x80\x80\x80\x10"),
        field(3, field(10, b"/original") + field(5, b"/rewritten")),
        field(3, field(5, b"/path") + field(10, b"")),
        field(1, b"\x0b\x0c"),
        b"\x80\x80\x01\x00",
    ],
)
def test_unusual_entries_are_left_to_the_protobuf_reader(octets: bytes) -> None:
    """Messages that protobuf would merge, numbers that it would cut, and what Envoy never does."""
    assert agree(octets)[0] is False
    protobuf_reader.read_http(octets)


def status(code: bytes) -> bytes:
    """The map entry of a header, without its tag."""
    return field(1, b"grpc-status") + field(2, code)


@pytest.mark.parametrize(
    "octets",
    [
        field(4, field(4, status(b"1")) + field(4, status(b"2"))),
        field(4, field(4, status(b"1")) + field(5, status(b"2")) + field(5, status(b"3"))),
        field(1, field(26, b"first") + field(26, b"last")),
        field(1, b"\x88\x02\x04\x88\x02\x06"),
        field(3, field(5, b"/a?b?c") + field(5, b"/d?e") + field(3, b"host")),
    ],
)
def test_repeated_fields_that_are_not_merged_are_read(octets: bytes) -> None:
    """The first header of a name counts, and the last value of a text or number."""
    assert agree(octets)[0]


@pytest.mark.parametrize("octets", [b"\x0a\x05", b"\x00\x00", b"\x0e", b"\x1a\x02\x08"])
def test_only_the_protobuf_reader_says_that_an_entry_is_broken(octets: bytes) -> None:
    """The fast reader leaves such bytes alone."""
    assert agree(octets)[0] is False
    with pytest.raises(DecodeError):
        protobuf_reader.read_http(octets)
