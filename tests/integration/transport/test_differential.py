"""The same requests, valid and broken, to both servers."""

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest

from adapter.transport.service import Server
from tests.integration.transport.servers import ANSWER, COLLECT, Service, serving
from tests.rig.raw_http2 import Fields, message, request

HELLO = message(b"hello")
HEALTH = "/grpc.health.v1.Health/"
FIELDS = {
    ":method": "POST",
    ":scheme": "http",
    ":path": ANSWER,
    ":authority": "adapter",
    "te": "trailers",
    "content-type": "application/grpc",
}


class Both(NamedTuple):
    """One server of each kind."""

    asyncio: Server
    grpcio: Server


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    """Both, with the same service."""
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(serving(transport, Service()))
            for transport in ("asyncio", "grpcio")
        ]
        yield Both(*servers)


def fields(**changes: str | None) -> Fields:
    """The fields of a gRPC request, some replaced, added, or left out for None."""
    changed = {name.replace("_", "-"): value for name, value in changes.items()}
    kept = {name: changed.pop(name.lstrip(":"), value) for name, value in FIELDS.items()} | changed
    return [(name, value) for name, value in kept.items() if value is not None]


async def outcome(server: Server, request_fields: Fields, *body: bytes) -> tuple[str, bytes]:
    """Status and message."""
    answer = await request(server.addresses[0], request_fields, *body)
    return answer.status, answer.body[5:] if answer.status.startswith("grpc") else b""


SAME: dict[str, tuple[Fields, tuple[bytes, ...], str]] = {
    "a call": (fields(), (HELLO,), "grpc 0"),
    "in two frames": (fields(), (HELLO[:3], HELLO[3:]), "grpc 0"),
    "ended by an empty frame": (fields(), (HELLO, b""), "grpc 0"),
    "an empty message": (fields(), (message(b""),), "grpc 0"),
    "a kind of grpc": (fields(content_type="application/grpc+proto"), (HELLO,), "grpc 0"),
    "a length": (fields(content_length="10"), (HELLO,), "grpc 0"),
    "a timeout": (fields(grpc_timeout="1H"), (HELLO,), "grpc 0"),
    "too little time": (fields(grpc_timeout="20m"), (message(b"never"),), "grpc 4"),
    "no time": (fields(grpc_timeout="0n"), (message(b"never"),), "grpc 4"),
    "no timeout": (fields(grpc_timeout="soon"), (HELLO,), "grpc 13"),
    "no scheme": (fields(scheme=None), (HELLO,), "reset"),
    "no path": (fields(path=None), (HELLO,), "reset"),
    "an unknown method": (fields(path="/test.Test/Unknown"), (HELLO,), "grpc 12"),
    "a strange path": (fields(path="strange"), (HELLO,), "grpc 12"),
    "compressed, but how": (fields(), (message(b"hello", 1),), "grpc 13"),
    "not compressed after all": (fields(grpc_encoding="gzip"), (HELLO,), "grpc 0"),
    "a refusal": (fields(), (message(b"refuse 9"),), "grpc 9"),
    "no such status": (fields(), (message(b"refuse 99"),), "grpc 13"),
    "a bug": (fields(), (message(b"fail"),), "grpc 13"),
    "no stream": (fields(path=COLLECT), (), "grpc 0"),
    "a stream": (fields(path=COLLECT), (HELLO + HELLO,), "grpc 0"),
    "health": (fields(path=HEALTH + "Check"), (message(b""),), "grpc 0"),
    "health of others": (fields(path=HEALTH + "Check"), (message(b"\x0a\x01a"),), "grpc 5"),
    "health list": (fields(path=HEALTH + "List"), (message(b""),), "grpc 12"),
}

DIFFERENT: dict[str, tuple[Fields, tuple[bytes, ...], str, str | None]] = {
    # What a client may see, ours first; None where grpcio does not answer at all.
    "no message": (fields(), (), "grpc 12", None),
    "a message cut off": (fields(), (HELLO[:-1],), "grpc 13", None),
    "two messages": (fields(), (HELLO + HELLO,), "grpc 12", "grpc 0"),
    "a stream cut off": (fields(path=COLLECT), (HELLO[:-1],), "grpc 13", "grpc 0"),
    # Our server does not decompress messages; grpcio does.
    "compressed": (fields(grpc_encoding="gzip"), (message(b"hello", 1),), "grpc 12", "grpc 13"),
    # Most of the time grpcio takes it for uncompressed, and now and then it never answers.
    "a flag of neither": (fields(), (message(b"hello", 2),), "grpc 13", None),
    # gRPC's PROTOCOL-HTTP2 asks for an HTTP status where the request is not gRPC.
    "no content type": (fields(content_type=None), (HELLO,), "http 415", "grpc 0"),
    "text": (fields(content_type="text/plain"), (HELLO,), "http 415", "grpc 0"),
    "another method": (fields(method="PUT"), (HELLO,), "http 405", "reset"),
    # RFC 9113, 8.2 and 8.3: malformed requests end with their stream; and what is not malformed.
    "an empty path": (fields(path=""), (HELLO,), "reset", "grpc 12"),
    "te": (fields(te="gzip"), (HELLO,), "reset", "grpc 13"),
    "capitals": (fields(Bad="x"), (HELLO,), "reset", "grpc 13"),
    "connection": (fields(connection="close"), (HELLO,), "reset", "grpc 0"),
    "a wrong length": (fields(content_length="11"), (HELLO,), "reset", "grpc 0"),
    "no te": (fields(te=None), (HELLO,), "grpc 0", "reset"),
    "no authority": (fields(authority=None), (HELLO,), "grpc 0", "reset"),
}


@pytest.mark.parametrize("name", SAME)
async def test_the_same(both: Both, name: str) -> None:
    """What both take, or refuse, in the same way."""
    request_fields, body, expected = SAME[name]
    ours = await outcome(both.asyncio, request_fields, *body)
    assert ours[0] == expected
    assert ours == await outcome(both.grpcio, request_fields, *body)


@pytest.mark.parametrize("name", DIFFERENT)
async def test_different(both: Both, name: str) -> None:
    """What they are known to see differently, and why it is as well."""
    request_fields, body, ours, theirs = DIFFERENT[name]
    assert (await outcome(both.asyncio, request_fields, *body))[0] == ours
    if theirs is not None:
        assert (await outcome(both.grpcio, request_fields, *body))[0] == theirs


@pytest.mark.parametrize(
    ("asked", "changes"),
    [
        ("x-a", {"x_a": "caf\u00e9 \u2713"}),
        ("x-a", {"x_a": "a\tb"}),
        ("user-agent", {"user_agent": "envoy"}),
        ("host", {"host": "other"}),
        ("te", {}),
        ("content-type", {}),
        ("grpc-timeout", {"grpc_timeout": "1H"}),
        ("grpc-accept-encoding", {"grpc_accept_encoding": "gzip"}),
        (":path", {}),
    ],
)
async def test_metadata(both: Both, asked: str, changes: dict[str, str | None]) -> None:
    """Services see the same metadata."""
    body = message(f"metadata {asked}".encode())
    ours = await outcome(both.asyncio, fields(**changes), body)
    assert ours == await outcome(both.grpcio, fields(**changes), body)


async def test_random_calls(both: Both) -> None:
    """Messages of any size, cut into DATA frames anyhow, with any metadata."""
    chance = random.Random(9113)  # noqa: S311 - the same calls each time
    for _ in range(60):
        name = f"x-{chance.randrange(4)}"
        value = "".join(chance.choices("abc -%", k=chance.randrange(60))).strip()
        octets = message(chance.randbytes(chance.choice((0, 1, 700, 40_000))))
        cuts = sorted(chance.sample(range(len(octets) + 1), chance.randrange(4)))
        pieces = [octets[i:j] for i, j in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
        frames = [p[i : i + 16_384] for p in pieces for i in range(0, len(p) or 1, 16_384)]
        request_fields = fields(**{name: value})
        ours = await outcome(both.asyncio, request_fields, *frames)
        assert ours[1] == octets[5:]
        assert ours == await outcome(both.grpcio, request_fields, *frames)
