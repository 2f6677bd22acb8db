"""Entries with text that clients chose, and entries that are damaged."""

from contextlib import suppress

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from adapter.messages import access_log_pb2 as ours
from adapter.policy.catalog import ApiInstance
from tests.unit.analytics.envoy_log import denied_entry, http_entry
from tests.unit.analytics.translating import EVENT_ID, event_of, read, translated, translating


def test_strange_bytes_in_client_texts_lose_nothing() -> None:
    """A client's bytes that are no UTF-8 cost neither its entry nor another filter's metadata."""
    sent = ours.HttpEntry.FromString(http_entry().SerializeToString())
    sent.request.path = b"/caf\xe9?q"
    sent.request.user_agent = b"\xff" * 9000
    sent.common_properties.stream_id = b"\xc3"
    other = sent.common_properties.metadata.filter_metadata.add()
    other.key, other.value = b"\xff", b"no struct"
    event = read(translating().http(sent.SerializeToString(), EVENT_ID))
    assert (event["path"], event["user_agent"]) == ("/caf\ufffd", "\ufffd" * 500)
    assert event["transaction_id"] == "\ufffd"


@given(st.text(alphabet="aé€𝄞", min_size=499, max_size=520))
def test_long_texts_are_cut_between_characters(text: str) -> None:
    """The platform takes 500 characters; a cut never leaves half of one."""
    entry = http_entry(path=f"{text}?x")
    entry.request.user_agent = text
    event = event_of(entry)
    assert (event["path"], event["user_agent"]) == (text[:500], text[:500])


@given(st.binary(max_size=2100))
def test_any_bytes_of_clients_become_text(raw: bytes) -> None:
    """What is no UTF-8 shows as such, and what is no plain JSON is escaped."""
    sent = ours.HttpEntry.FromString(http_entry().SerializeToString())
    sent.request.path = raw.replace(b"?", b"")
    sent.request.user_agent = raw
    sent.common_properties.downstream_remote_address.socket_address.address = raw
    event = read(translating().http(sent.SerializeToString(), EVENT_ID))
    assert event["path"] == raw.replace(b"?", b"").decode(errors="replace")[:500]
    assert event["user_agent"] == raw.decode(errors="replace")[:500]
    assert (event["client_ip"] or "") == raw.decode(errors="replace")[:64]


@given(
    path=st.text(alphabet="/ab%.;#=&", max_size=600),
    query=st.text(max_size=50),
    refused=st.booleans(),
    rewritten=st.booleans(),
)
def test_query_never_leaves(path: str, query: str, refused: bool, rewritten: bool) -> None:
    """Nothing behind the first question mark is sent, of denied requests neither."""
    secret = f"s3cret{query}"
    entry = denied_entry() if refused else http_entry()
    entry.request.path = f"{path}?{secret}"
    if rewritten:
        entry.request.original_path = entry.request.path
        entry.request.path = f"/?{secret}"
    entry.request.referer = f"http://h/?{secret}"
    entry.request.request_headers["authorization"] = "Bearer s3cret"
    entry.common_properties.upstream_cluster = "s3cret"
    event = translated(entry)
    assert isinstance(event, bytes)
    assert b"s3cret" not in event
    assert read(event)["path"] == path[:500]


@given(st.binary(max_size=400))
def test_any_bytes_are_an_event_or_broken(entry: bytes) -> None:
    """No bytes make the translation fail in a way that is not foreseen."""
    translator = translating()
    for translate in (translator.http, translator.tcp):
        with suppress(DecodeError, ValueError):
            translate(entry, EVENT_ID)


@given(data=st.data())
def test_any_damage_is_an_event_or_broken(data: st.DataObject) -> None:
    """A damaged entry is at worst broken, never a surprise."""
    good = bytearray(denied_entry(headers={"grpc-status": "7"}).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DecodeError, ValueError, OverflowError, OSError):
        event = translating(lambda *_: ApiInstance("1", "a")).http(bytes(good), EVENT_ID)
        if isinstance(event, bytes):
            read(event)


def test_entry_without_a_time_is_broken() -> None:
    """Otherwise an event without a time would be stored with the year 1970."""
    entry = http_entry()
    entry.common_properties.ClearField("start_time")
    with pytest.raises(ValueError, match="start_time"):
        translated(entry)
