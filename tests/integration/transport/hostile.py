"""Clients that want a server to spend what it has, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from hpack import Encoder

from tests.rig.raw_http2 import END_HEADERS, HEADERS, PREFACE, SETTINGS, Fields, frame

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HELLO = PREFACE + frame(SETTINGS, 0, 0)


async def opened(address: str, octets: bytes = b"") -> Client:
    """A connection that has sent these octets."""
    if address.startswith("unix:"):
        client = await asyncio.open_unix_connection(address.removeprefix("unix:"))
    else:
        host, _, port = address.rpartition(":")
        client = await asyncio.open_connection(host, int(port))
    client[1].write(octets)
    return client


@asynccontextmanager
async def many(address: str, number: int, octets: bytes = b"") -> AsyncIterator[list[Client]]:
    """So many connections that have sent these octets and keep quiet from then on."""
    clients = [await opened(address, octets) for _ in range(number)]
    try:
        yield clients
    finally:
        leave(writer for _, writer in clients)


def leave(writers: Iterable[asyncio.StreamWriter]) -> None:
    """Close them all."""
    for writer in writers:
        writer.transport.abort()


def call_fields(path: str, *more: tuple[str, str]) -> Fields:
    """The fields of a gRPC call."""
    pseudo = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "adapter")]
    return [*pseudo, ("te", "trailers"), ("content-type", "application/grpc"), *more]


def opening(path: str, *more: tuple[str, str]) -> bytes:
    """HEADERS of a gRPC call in stream 1."""
    return frame(HEADERS, END_HEADERS, 1, Encoder().encode(call_fields(path, *more)))


async def until_closed(client: Client) -> bytes:
    """What still comes until the other side closes; raises TimeoutError if it does not."""
    try:
        async with asyncio.timeout(30):
            return await client[0].read()
    except ConnectionError:
        return b""
