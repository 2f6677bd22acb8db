"""Messages inside DATA frames, and statuses."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import RpcError
from adapter.transport.http2.grpc_messages import MessageReader, framed, percent_encoded


@given(st.lists(st.binary(max_size=50), max_size=8), st.data())
def test_messages_in_any_pieces(messages: list[bytes], data: st.DataObject) -> None:
    """However the octets are cut, the same messages come out, and nothing is kept."""
    octets = b"".join(map(framed, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=10)))
    reader = MessageReader(50, compressed=False)
    read: list[bytes] = []
    for start, stop in zip([0, *cuts], [*cuts, len(octets)], strict=True):
        read += reader.feed(octets[start:stop])
    assert read == messages
    assert reader.held_bytes == 0


@pytest.mark.parametrize(
    ("octets", "compressed", "code"),
    [
        (b"\1\0\0\0\1a", True, 12),
        (b"\1\0\0\0\1a", False, 13),
        (b"\2\0\0\0\1a", True, 13),
        (b"\0\0\0\0\x65", False, 8),
    ],
)
def test_messages_that_are_refused(octets: bytes, compressed: bool, code: int) -> None:
    """A compression that we lack, one that is not named, a flag of neither, a length too large."""
    with pytest.raises(RpcError) as raised:
        list(MessageReader(100, compressed).feed(octets))
    assert raised.value.code == code


@given(st.text())
def test_status_messages(text: str) -> None:
    """`grpc-message` is printable ASCII, from which any client gets the text back."""
    encoded = percent_encoded(text)
    assert encoded.isascii()
    assert encoded == "" or encoded.isprintable()
    wanted = text.encode("utf-8", "replace").decode()
    assert unquote(encoded, errors="strict") == wanted
