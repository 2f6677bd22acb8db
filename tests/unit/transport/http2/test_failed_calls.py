"""What the client is told about calls that fail, or that are not gRPC."""

from collections.abc import Callable

import pytest

from adapter.errors import RpcError
from adapter.transport.http2 import frames
from adapter.transport.http2.grpc_messages import framed
from adapter.transport.service import ClientStreamMethod, Metadata, UnaryMethod
from tests.unit.transport.http2.peer import (
    COLLECT,
    ECHO,
    LATER,
    Peer,
    Refusing,
    data,
    reset_codes,
)


async def test_errors_are_trailers_only() -> None:
    """A refusal before the end of the request is one HEADERS frame, then RST_STREAM NO_ERROR."""
    peer = Peer(ClientStreamMethod("/test.Test/Refuse", Refusing))
    received = peer.send(peer.opening(1, "/test.Test/Refuse"), data(1, framed(b"a")))
    assert peer.answers[1].headers == {
        ":status": "200",
        "content-type": "application/grpc",
        "grpc-status": "16",
        "grpc-message": "caf%C3%A9 100%25",
    }
    assert peer.answers[1].ended
    assert reset_codes(received) == {1: frames.ErrorCode.NO_ERROR}
    assert peer.observed.failed == [("/test.Test/Refuse", 13), ("/test.Test/Refuse", 16)]
    assert peer.send(data(1, framed(b"b")), data(1, b"", end=True)) == []
    assert peer.counted == {}


def _raise(error: Exception) -> Callable[[bytes, Metadata], bytes]:
    def call(message: bytes, metadata: Metadata) -> bytes:
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "status"),
    [(RpcError(7, "no"), "7"), (RpcError(14, "no"), "13"), (ValueError("secret"), "13")],
)
async def test_a_failure_tells_its_status_but_no_secret(error: Exception, status: str) -> None:
    """A method's own status goes out; a bug and UNAVAILABLE are INTERNAL, and tell nothing."""
    peer = Peer(UnaryMethod("/test.Test/Fail", _raise(error)))
    peer.send(peer.request(1, "/test.Test/Fail"), peer.request(3))
    assert peer.answers[1].status == status
    assert "secret" not in str(peer.answers[1].headers)
    assert peer.answers[3].message == b"hello"


async def test_a_failure_after_waiting_tells_its_status() -> None:
    """The same holds for calls that fail after a while, or cancel themselves."""
    peer = Peer()
    peer.send(peer.request(1, LATER), peer.request(3, LATER))
    peer.later[0].set_exception(RpcError(8, "later"))
    peer.later[1].cancel()
    await peer.settled()
    assert [a.status for a in peer.answers.values()] == ["8", "13"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", "12"), (framed(b"a") * 2, "12"), (framed(b"abc")[:-1], "13"), (b"\0\0", "13")],
)
async def test_a_unary_call_needs_exactly_one_message(body: bytes, status: str) -> None:
    """A unary request without a message, with two, or with a part of one."""
    peer = Peer()
    peer.send(peer.opening(1), data(1, body, end=True))
    assert peer.answers[1].status == status


async def test_requests_that_end_with_their_headers() -> None:
    """HEADERS may end the request: then there is no message, or an empty stream."""
    peer = Peer()
    received = peer.send(
        frames.headers(1, peer.fields(), end_stream=True),
        frames.headers(3, peer.fields(COLLECT), end_stream=True),
        frames.headers(5, peer.fields("/test.Test/Unknown"), end_stream=True),
        frames.headers(7, peer.fields(COLLECT, ("content-length", "5")), end_stream=True),
    )
    assert [a.status for a in peer.answers.values()] == ["12", "0", "12"]
    assert reset_codes(received) == {7: frames.ErrorCode.PROTOCOL_ERROR}


@pytest.mark.parametrize(("encoding", "status"), [("gzip", "12"), ("identity", "13")])
async def test_compressed_messages_are_refused(encoding: str, status: str) -> None:
    """They are refused as gRPC's compression.md says, naming what is accepted."""
    peer = Peer()
    body = b"\1" + framed(b"a")[1:]
    peer.send(peer.opening(1, ECHO, ("grpc-encoding", encoding)), data(1, body, end=True))
    answer = peer.answers[1]
    assert answer.status == status
    assert answer.headers.get("grpc-accept-encoding") == ("identity" if status == "12" else None)


async def test_requests_that_are_not_grpc_are_refused() -> None:
    """Another content type is 415, another method 405, in words, after the request's end."""
    peer = Peer()
    block = peer.encoder.encode([(":method", "GET"), (":scheme", "http"), (":path", "/")])
    assert peer.send(frames.headers(1, block)) == []
    peer.send(data(1, b"anything" * 1000), data(1, b"", end=True))
    peer.send(frames.headers(3, peer.fields(method="PUT"), end_stream=True))
    assert [a.headers[":status"] for a in peer.answers.values()] == ["415", "405"]
    assert b"gRPC" in peer.answers[1].body
    assert all(a.ended for a in peer.answers.values())


async def test_a_wrong_content_length_resets_the_stream() -> None:
    """A body that is not as long as it says is a PROTOCOL_ERROR of its stream."""
    peer = Peer()
    body = framed(b"hello")
    received = peer.send(
        *(peer.opening(1, ECHO, ("content-length", "11")), data(1, body, end=True)),
        *(peer.opening(3, ECHO, ("content-length", "10")), data(3, body, end=True)),
        *(peer.opening(5, ECHO, ("content-length", "10")), data(5, body[:4])),
        data(5, body[4:], end=True),
    )
    assert reset_codes(received) == {1: frames.ErrorCode.PROTOCOL_ERROR}
    assert list(peer.answers) == [3, 5]
